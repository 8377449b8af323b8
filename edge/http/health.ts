// GET /health, without a key: what a probe and a person want to know at one glance. Only an edge that cannot serve at all
// answers 503; an edge without a node still takes calls' history, so it is degraded and not unhealthy.
import { Hono } from 'hono'
import type { EdgePorts, NodeView } from '#edge/ports.ts'
import { engineId, type EngineRole } from '#shared/model/engine.ts'

type HealthPorts = Pick<EdgePorts, 'clock' | 'fleet' | 'sessions' | 'settings' | 'store'>

/** A probe gives up after some seconds; the answer must be there before. */
const STORE_WITHIN_MS = 2_000

/** One engine, over all nodes that have it. */
interface Model {
  id: string
  ready: boolean
  demonstration: boolean
  nodes: number
}

export function healthRoutes(ports: HealthPorts) {
  return new Hono().get('/health', async (c) => {
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
    if (!known) all.push({ id, ready: engine.ready, demonstration: engine.demonstration, nodes: 1 })
    else {
      known.ready &&= engine.ready
      known.nodes += 1
    }
  }
  return models
}

/** The memory of all cards together; null where no node has one. */
function vramOf(nodes: NodeView[]): { usedBytes: number; totalBytes: number } | null {
  const cards = nodes.flatMap(({ vram }) => (vram ? [vram] : []))
  if (cards.length === 0) return null
  return { usedBytes: total(cards, (card) => card.usedBytes), totalBytes: total(cards, (card) => card.totalBytes) }
}

function total<T>(all: T[], of: (one: T) => number): number {
  return all.reduce((sum, one) => sum + of(one), 0)
}
