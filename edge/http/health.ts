// GET /health, without a key: what a probe and a person want to know at one glance. Only an edge that cannot serve at all
// answers 503; an edge without a node still takes calls' history, so it is degraded and not unhealthy.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import type { NodeView } from '#edge/rooms-ports.ts'
import { engineId, type EngineRole, type EngineState } from '#shared/model/engine.ts'
import { describe } from '#edge/http/operation/describe.ts'

type HealthPorts = Pick<EdgePorts, 'clock' | 'fleet' | 'sessions' | 'settings' | 'store'>

/** A probe gives up after some seconds; the answer must be there before. */
const STORE_WITHIN_MS = 2_000

/** One engine, over all nodes that have it. */
interface Model {
  id: string
  ready: boolean
  demonstration: boolean
  nodes: number
  /** On each of them, where they tell. */
  states: EngineState[]
}

const Health = v.looseObject({
  status: v.picklist(['healthy', 'degraded', 'unhealthy']),
  version: v.string(),
  nodes: v.number(),
  sessions: v.number(),
})

export function healthRoutes(ports: HealthPorts) {
  const probe = describe({
    summary: 'What a probe and a person want to know at one glance',
    tag: 'system',
    needs: 'none',
    answers: { 200: Health },
  })
  return new Hono().get('/health', probe, async (c) => {
    const [isStoreUp, nodes, sessions] = await Promise.all([pings(ports), ports.fleet.nodes(), ports.sessions.count()])
    const models = modelsOf(nodes)
    const isReady = nodes.length > 0 && Object.values(models).every((all) => all.every(({ ready }) => ready))
    const status = !isStoreUp ? 'unhealthy' : isReady ? 'healthy' : 'degraded'
    const { version } = ports.settings
    const slots = { total: total(nodes, (node) => node.slots), free: total(nodes, (node) => node.freeSlots) }
    const body = { status, version, models, nodes: nodes.length, slots, sessions, vram: vramOf(nodes) } as const
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

function modelsOf(nodes: NodeView[]): Partial<Record<EngineRole, Model[]>> {
  const models: Partial<Record<EngineRole, Model[]>> = {}
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
function vramOf(nodes: NodeView[]): { usedBytes: number; totalBytes: number; usedFraction: number | null } | null {
  const cards = nodes.flatMap(({ vram }) => (vram ? [vram] : []))
  if (cards.length === 0) return null
  const sum = { usedBytes: total(cards, (card) => card.usedBytes), totalBytes: total(cards, (card) => card.totalBytes) }
  return { ...sum, usedFraction: usedFraction(sum) }
}

const statesOf = ({ state }: NodeView['engines'][number]): EngineState[] => (state ? [state] : [])

/** Of the memory of a card, 0–1. */
export function usedFraction({ usedBytes, totalBytes }: { usedBytes: number; totalBytes: number }): number | null {
  return totalBytes > 0 ? Number((usedBytes / totalBytes).toFixed(3)) : null
}

function total<T>(all: T[], of: (one: T) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0)
}
