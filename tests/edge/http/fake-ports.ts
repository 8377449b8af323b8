// The ports of the app in memory, with nodes as a test wants them: for what a real edge shows only when something is broken.
import type { EdgePorts } from '#edge/ports.ts'
import type { NodeView } from '#edge/rooms-ports.ts'
import { createLimits } from '#edge/runtime/node/limits.ts'
import { UNMETERED } from '#edge/store/quotas.ts'
import { silentLog } from '#shared/log.ts'
import { createMemoryStore } from '#tests/fakes/memory-store.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

export const STT = { role: 'stt', name: 'sphinx', version: '5', demonstration: true, ready: true } as const
export const LLM = { role: 'llm', name: 'qwen', version: '3', demonstration: false, ready: true } as const

export function nodeView(facts: Partial<NodeView> = {}): NodeView {
  return {
    nodeId: 'nod_one',
    name: 'box',
    version: '1.2.3',
    connectedAt: 1,
    draining: false,
    slots: 4,
    freeSlots: 3,
    sessions: ['ses_secret'],
    engines: [STT, LLM],
    vram: { usedBytes: 10, totalBytes: 24 },
    ...facts,
  }
}

export function fakePorts(nodes: NodeView[] = []) {
  const clock = createVirtualClock()
  const store = createMemoryStore()
  const counted: string[] = []
  const never = (): never => {
    throw new Error('no socket is opened here')
  }
  const ports: EdgePorts = {
    clock,
    store,
    log: silentLog,
    limits: createLimits(),
    blobs: { put: never, head: never, get: never, delete: never, sweep: async () => 0, putBefore: async () => [] },
    tasks: { wake: () => {} },
    metrics: {
      count: (name, labels) => void counted.push(`${name} ${JSON.stringify(labels)}`),
      observe: () => {},
      set: () => {},
      text: () => Promise.resolve('metrics'),
      contentType: 'text/plain',
    },
    fleet: { nodes: async () => nodes, place: never, request: never, release: never, goAway: never },
    sessions: { count: async () => 1, nodeLost: never, metered: never, keysEnded: never, goAway: never },
    upgrades: { caller: never, nodeControl: never, nodeSession: never },
    settings: {
      version: '1.0.0',
      metricsToken: undefined,
      signingSecret: 's'.repeat(43),
      publicOrigin: 'https://voice.example.org',
      addressRate: 0,
      quotas: UNMETERED.quotas,
      corsOrigins: [],
      runtime: 'test',
      startedAt: clock.now(),
    },
    addressOf: () => '192.0.2.1',
  }
  return { clock, store, ports, counted }
}
