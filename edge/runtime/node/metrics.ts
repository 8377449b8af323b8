// The port Metrics by prom-client, with Node's own figures (event loop, memory, garbage collection) beside ours. Durations
// come in milliseconds and go out in seconds, as Prometheus wants them.
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { DurationName, GaugeName, MetricName, Metrics } from '#edge/ports.ts'

interface Description {
  help: string
  labels: readonly string[]
}

const COUNTERS = {
  sessions_opened: { help: 'Sessions that were opened.', labels: [] },
  sessions_ended: { help: 'Sessions that ended, by reason.', labels: ['reason'] },
  turns_stored: { help: 'Finished turns that nodes delivered, by status.', labels: ['status'] },
  faults: { help: 'Faults that were told to somebody, by code.', labels: ['code', 'where'] },
  http_requests: { help: 'HTTP requests, by route and status.', labels: ['method', 'route', 'status'] },
  node_connections: { help: 'Control sockets that nodes opened.', labels: [] },
  placements: { help: 'Placements of sessions on nodes, by outcome and why not.', labels: ['outcome', 'reason'] },
  safety_decisions: { help: 'What the safety filters did.', labels: ['layer', 'family', 'action'] },
  tasks_ended: { help: 'Attempts at tasks that ended, by name and outcome.', labels: ['name', 'outcome'] },
} as const satisfies Record<MetricName, Description>

const GAUGES = {
  nodes: { help: 'Nodes that are connected.' },
  slots: { help: 'Slots of all connected nodes.' },
  slots_free: { help: 'Slots that no session has.' },
  sessions_live: { help: 'Sessions that are live on this edge.' },
} as const satisfies Record<GaugeName, { help: string }>

const DURATIONS = {
  http_request: { help: 'Time to answer an HTTP request.', labels: ['route'] },
  session_setup: { help: 'From session.start to session.ready.', labels: [] },
  turn_voice_to_voice: { help: 'From the end of speech to the first reply audio.', labels: [] },
  turn_stage: { help: 'Time of one stage of a turn.', labels: ['stage'] },
  task_wait: { help: 'From the planning of a task to its first attempt.', labels: ['name'] },
  task_run: { help: 'Time of one attempt at a task.', labels: ['name'] },
} as const satisfies Record<DurationName, Description>

/** Seconds; from a route that answers from memory to a turn with a slow model. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export function createMetrics(): Metrics {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const counters = mapValues(COUNTERS, ({ help, labels }, name) => {
    return new Counter({ name: `parley_${name}_total`, help, labelNames: labels, registers })
  })
  const gauges = mapValues(GAUGES, ({ help }, name) => new Gauge({ name: `parley_${name}`, help, registers }))
  const durations = mapValues(DURATIONS, ({ help, labels }, name) => {
    return new Histogram({ name: `parley_${name}_seconds`, help, labelNames: labels, buckets: BUCKETS, registers })
  })
  return {
    count: (name, labels = {}) => counters[name].inc(labels),
    set: (name, value) => gauges[name].set(value),
    observe: (name, ms, labels = {}) => durations[name].observe(labels, ms / 1000),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  }
}

function mapValues<K extends string, T, U>(all: Record<K, T>, of: (value: T, name: K) => U): Record<K, U> {
  const made: Partial<Record<K, U>> = {}
  for (const name in all) made[name] = of(all[name], name)
  // Every key of `all` was visited.
  return made as Record<K, U>
}
