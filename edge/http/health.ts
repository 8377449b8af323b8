// GET /health, without a key: what a probe and a person want to know at one glance. Only an edge that cannot serve at all
// answers 503; an edge without a node still takes calls' history, so it is degraded and not unhealthy.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import type { NodeView } from '#edge/rooms-ports.ts'
import { engineId, EngineState, type EngineRole } from '#shared/model/engine.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { Vram } from '#shared/protocol/node-messages.ts'
import { openOperation } from '#edge/http/operation/operation.ts'

type HealthPorts = Pick<EdgePorts, 'clock' | 'fleet' | 'sessions' | 'settings' | 'store'>

/** A probe gives up after some seconds; the answer must be there before. */
const STORE_WITHIN_MS = 2_000

/** One engine, over all nodes that have it. */
const Model = v.object({
  id: v.string(),
  ready: v.pipe(v.boolean(), v.description('On every node that has it')),
  demonstration: v.pipe(v.boolean(), v.description('Good enough to show the loop, and no more')),
  nodes: v.pipe(v.number(), v.description('How many nodes have it')),
  states: v.pipe(v.array(EngineState), v.description('Its state on each of them, where they tell')),
})
type Model = v.InferOutput<typeof Model>

const models = v.optional(v.array(Model))
const Health = named(
  'Health',
  v.object({
    status: v.pipe(
      v.picklist(['healthy', 'degraded', 'unhealthy']),
      v.description('degraded: no node, or an engine that is not ready. unhealthy: the store does not answer'),
    ),
    version: v.string(),
    models: v.pipe(
      v.object({ vad: models, stt: models, llm: models, tts: models } satisfies Record<EngineRole, unknown>),
      v.description('The engines of all nodes, by their role'),
    ),
    nodes: v.number(),
    slots: v.pipe(
      v.object({ total: v.number(), free: v.number() }),
      v.description('How many sessions all nodes take, and how many more'),
    ),
    sessions: v.pipe(v.number(), v.description('Live sessions of this edge')),
    vram: v.pipe(
      v.nullable(v.object({ ...Vram.entries, usedFraction: v.nullable(v.number()) })),
      v.description('The memory of all cards together; null where no node has one'),
    ),
  }),
)
type Health = v.InferOutput<typeof Health>

export function healthRoutes(ports: HealthPorts) {
  const probe = openOperation({
    summary: 'What a probe and a person want to know at one glance',
    tag: 'system',
    answers: { 200: Health, 503: Health },
  })
  return new Hono().get('/health', probe, async (c) => {
    const [isStoreUp, nodes, sessions] = await Promise.all([pings(ports), ports.fleet.nodes(), ports.sessions.count()])
    const models = modelsOf(nodes)
    const isReady = nodes.length > 0 && Object.values(models).every((all) => all.every(({ ready }) => ready))
    const status = !isStoreUp ? 'unhealthy' : isReady ? 'healthy' : 'degraded'
    const { version } = ports.settings
    const slots = { total: total(nodes, (node) => node.slots), free: total(nodes, (node) => node.freeSlots) }
    const body: Health = { status, version, models, nodes: nodes.length, slots, sessions, vram: vramOf(nodes) }
    c.header('cache-control', 'no-store')
    return c.json(body, isStoreUp ? 200 : 503)
  })
}

async function pings({ clock, store }: HealthPorts): Promise<boolean> {
  const stop = new AbortController()
  const tooLate = clock.sleep(STORE_WITHIN_MS, stop.signal).then(
    () => false,
    () => false,
  )
  const answered = store.ping().then(
    () => true,
    () => false,
  )
  return Promise.race([answered, tooLate]).finally(() => stop.abort('shutdown'))
}

function modelsOf(nodes: NodeView[]): Health['models'] {
  const models: Health['models'] = {}
  for (const engine of nodes.flatMap((node) => node.engines)) {
    const all = (models[engine.role] ??= [])
    const id = engineId(engine)
    const known = all.find((model) => model.id === id)
    if (!known)
      all.push({ id, ready: engine.ready, demonstration: engine.demonstration, nodes: 1, states: statesOf(engine) })
    else {
      known.ready &&= engine.ready
      known.nodes += 1
      known.states.push(...statesOf(engine))
    }
  }
  return models
}

/** The memory of all cards together; null where no node has one. */
function vramOf(nodes: NodeView[]): Health['vram'] {
  const cards = nodes.flatMap(({ vram }) => (vram ? [vram] : []))
  if (cards.length === 0) return null
  const sum = { usedBytes: total(cards, (card) => card.usedBytes), totalBytes: total(cards, (card) => card.totalBytes) }
  return { ...sum, usedFraction: usedFraction(sum) }
}

const statesOf = ({ state }: NodeView['engines'][number]): EngineState[] => (state ? [state] : [])

/** The used part of a card's memory, from 0 to 1. */
export function usedFraction({ usedBytes, totalBytes }: { usedBytes: number; totalBytes: number }): number | null {
  return totalBytes > 0 ? Number((usedBytes / totalBytes).toFixed(3)) : null
}

function total<T>(all: T[], of: (one: T) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0)
}
