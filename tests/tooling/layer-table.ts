// Which import each layer may and may not write: the architecture as a table, planted into files by layers.test.ts.
// `type ` before a specifier means an import of types only.

export interface Layer {
  /** A file of the layer; where it is a folder's rule any name in it will do. */
  file: string
  may: string[]
  mayNot: string[]
}

const CLIMBING = ['../x.ts', '../../x.ts']
const RUNTIMES = ['node:fs', 'cloudflare:workers']
const NODE_HALF = ['#gpu-node/main.ts', '#gpu-node/turn/x.ts', 'type #gpu-node/turn/x.ts']
const EDGE_HALF = ['#edge/ports.ts', '#edge/store/x.ts', 'type #edge/ports.ts']
const TESTS = ['#tests/fakes/x.ts']
const HOSTS = ['#edge/runtime/node/x.ts', '#edge/runtime/workers/x.ts', '#edge/web/x.ts', '#edge/cli/x.ts']
const NOT_FOR_PURE_EDGE = [...CLIMBING, ...RUNTIMES, ...NODE_HALF, ...TESTS, ...HOSTS, '#shared/on-node/x.ts', 'ws']
const NOT_FOR_TURN = [...CLIMBING, ...RUNTIMES, ...EDGE_HALF, ...TESTS, '#gpu-node/engines/flite-tts.ts', 'hono', 'ws']

export const LAYERS: Layer[] = [
  {
    file: 'shared/x.ts',
    may: ['./y.ts', '#shared/model/x.ts', 'valibot'],
    mayNot: [...CLIMBING, ...RUNTIMES, ...NODE_HALF, ...EDGE_HALF, ...TESTS, 'hono', '#shared/on-node/x.ts', 'ws'],
  },
  {
    file: 'shared/link/x.ts',
    may: ['./y.ts', '#shared/clock.ts'],
    mayNot: [...CLIMBING, ...RUNTIMES, '#shared/client/x.ts', 'type #edge/app.ts'],
  },
  {
    file: 'shared/client/x.ts',
    may: ['./y.ts', '#shared/link/x.ts', '#shared/client/x.ts', 'valibot'],
    mayNot: [...CLIMBING, ...RUNTIMES, ...NODE_HALF, ...EDGE_HALF, '#shared/on-node/x.ts', 'ws', 'preact'],
  },
  {
    file: 'shared/on-node/x.ts',
    may: ['./y.ts', 'node:fs', '#shared/log.ts', 'pino', '@libsql/client'],
    mayNot: [...CLIMBING, 'cloudflare:workers', ...NODE_HALF, ...EDGE_HALF, ...TESTS, 'hono'],
  },
  {
    file: 'edge/ports.ts',
    may: ['#shared/clock.ts', 'type hono', 'type #edge/session/x.ts'],
    mayNot: [...NOT_FOR_PURE_EDGE, 'hono', '#edge/session/x.ts', './session/x.ts'],
  },
  {
    file: 'edge/upkeep.ts',
    may: ['./ports.ts', './drop-files.ts', 'type #edge/store/x.ts', '#shared/clock.ts', 'type hono'],
    mayNot: [...NOT_FOR_PURE_EDGE, 'hono', '#edge/store/x.ts', '#edge/session/x.ts', '#edge/http/x.ts', './app.ts'],
  },
  {
    file: 'edge/app.ts',
    may: ['./ports.ts', '#edge/http/x.ts', '#edge/session/x.ts', 'hono', 'hono/cors', '#shared/fault.ts'],
    mayNot: [...NOT_FOR_PURE_EDGE, '#edge/clients/chat/x.ts'],
  },
  {
    file: 'edge/store/x.ts',
    may: [
      './y.ts',
      '#edge/store/schema/x.ts',
      'drizzle-orm',
      'drizzle-orm/sqlite-core',
      '#shared/model/x.ts',
      'valibot',
    ],
    mayNot: [
      ...NOT_FOR_PURE_EDGE,
      'type #edge/ports.ts',
      '#edge/session/x.ts',
      '#edge/fleet/x.ts',
      '#edge/http/x.ts',
      'hono',
    ],
  },
  {
    file: 'edge/limits/x.ts',
    may: ['./y.ts', '#shared/invariant.ts', 'valibot'],
    mayNot: [...NOT_FOR_PURE_EDGE, '#edge/store/x.ts', '#edge/http/x.ts', '#edge/ports.ts', 'itty-durable'],
  },
  {
    file: 'edge/rollout/x.ts',
    may: ['./y.ts', '#shared/model/rollout.ts', 'valibot'],
    mayNot: [...NOT_FOR_PURE_EDGE, '#edge/store/x.ts', '#edge/fleet/x.ts', '#edge/ports.ts'],
  },
  {
    file: 'edge/fleet/x.ts',
    may: ['./y.ts', '#edge/store/x.ts', '#edge/ports.ts', '#shared/link/x.ts'],
    mayNot: [...NOT_FOR_PURE_EDGE, '#edge/session/x.ts', 'type #edge/session/x.ts', '#edge/http/x.ts', 'hono'],
  },
  {
    file: 'edge/session/x.ts',
    may: ['./y.ts', '#edge/store/x.ts', '#edge/ports.ts', '#shared/link/x.ts'],
    mayNot: [...NOT_FOR_PURE_EDGE, '#edge/fleet/x.ts', '#edge/http/x.ts', '#edge/clients/chat/x.ts', 'hono'],
  },
  {
    file: 'edge/clients/chat/x.ts',
    may: ['./y.ts', '#edge/session/client-codec.ts', '#shared/protocol/x.ts'],
    mayNot: [...NOT_FOR_PURE_EDGE, '#edge/session/session-room.ts', '#edge/store/x.ts', '#edge/http/x.ts', 'hono'],
  },
  {
    file: 'edge/jobs/x.ts',
    may: ['./y.ts', '#edge/ports.ts', '#edge/drop-files.ts', 'type #edge/store/x.ts', '#shared/fault.ts', 'valibot'],
    mayNot: [...NOT_FOR_PURE_EDGE, '#edge/store/x.ts', '#edge/http/x.ts', '#edge/app.ts', 'hono'],
  },
  {
    file: 'edge/http/x.ts',
    may: [
      './y.ts',
      '#edge/session/x.ts',
      '#edge/store/x.ts',
      '#edge/fleet/x.ts',
      '#edge/ports.ts',
      '#edge/drop-files.ts',
      'hono',
      'hono/cors',
    ],
    mayNot: [...NOT_FOR_PURE_EDGE, '#edge/clients/chat/x.ts', '#edge/app.ts'],
  },
  {
    file: 'edge/runtime/node/x.ts',
    may: ['./y.ts', 'node:http', '#edge/app.ts', '#edge/clients/chat/x.ts', '#shared/on-node/x.ts', 'ws', 'pino'],
    mayNot: [...CLIMBING, 'cloudflare:workers', ...NODE_HALF, ...TESTS, '#edge/runtime/workers/x.ts', '#edge/web/x.ts'],
  },
  {
    file: 'edge/runtime/workers/x.ts',
    may: ['./y.ts', 'cloudflare:workers', '#edge/app.ts', '#edge/clients/chat/x.ts', 'itty-durable'],
    mayNot: [...CLIMBING, 'node:fs', ...NODE_HALF, ...TESTS, '#edge/runtime/node/x.ts', '#shared/on-node/x.ts'],
  },
  {
    file: 'edge/web/x.ts',
    may: [
      './y.ts',
      '#shared/client/x.ts',
      'preact',
      'preact/hooks',
      '@preact/signals',
      'hono/client',
      'type #edge/app.ts',
    ],
    mayNot: [...CLIMBING, ...RUNTIMES, ...NODE_HALF, '#edge/app.ts', 'type #edge/store/x.ts', '#shared/on-node/x.ts'],
  },
  {
    file: 'edge/cli/x.ts',
    may: ['./y.ts', 'node:fs', 'citty', '#shared/client/x.ts', '#edge/runtime/node/x.ts', '#edge/store/x.ts'],
    mayNot: [
      ...CLIMBING,
      ...NODE_HALF,
      ...TESTS,
      '#edge/session/x.ts',
      '#edge/http/x.ts',
      '#edge/runtime/workers/x.ts',
    ],
  },
  {
    file: 'gpu-node/main.ts',
    may: [
      './config.ts',
      '#gpu-node/turn/x.ts',
      '#gpu-node/engines/x-stt.ts',
      '#shared/on-node/x.ts',
      'node:fs',
      'hono',
    ],
    mayNot: [...CLIMBING, ...EDGE_HALF, ...TESTS, 'cloudflare:workers', '#shared/client/x.ts'],
  },
  {
    file: 'gpu-node/turn/x.ts',
    may: ['./y.ts', '#gpu-node/engines/ports.ts', '#shared/heard.ts', 'valibot'],
    mayNot: [...NOT_FOR_TURN, 'type #gpu-node/engines/flite-tts.ts', '#gpu-node/tunnel/x.ts', '#gpu-node/session/x.ts'],
  },
  {
    file: 'gpu-node/engines/x.ts',
    may: ['./y.ts', '#gpu-node/engines/ports.ts', 'node:worker_threads', '#shared/on-node/x.ts', 'eventsource-parser'],
    mayNot: [...CLIMBING, ...EDGE_HALF, '#gpu-node/turn/x.ts', '#gpu-node/tunnel/x.ts', '#gpu-node/session/x.ts'],
  },
  {
    file: 'gpu-node/tunnel/x.ts',
    may: ['./y.ts', '#shared/link/x.ts', 'ws', 'node:crypto', 'type #gpu-node/outbox/x.ts'],
    mayNot: [...CLIMBING, ...EDGE_HALF, '#gpu-node/turn/x.ts', '#gpu-node/engines/ports.ts', '#gpu-node/outbox/x.ts'],
  },
  {
    file: 'gpu-node/outbox/x.ts',
    may: ['./y.ts', '#shared/on-node/sql.ts', 'drizzle-orm', 'type #gpu-node/tunnel/x.ts'],
    mayNot: [...CLIMBING, ...EDGE_HALF, '#gpu-node/turn/x.ts', '#gpu-node/engines/ports.ts', '#gpu-node/tunnel/x.ts'],
  },
  {
    file: 'gpu-node/session/x.ts',
    may: [
      './y.ts',
      '#gpu-node/turn/x.ts',
      '#gpu-node/tunnel/x.ts',
      '#gpu-node/engines/ports.ts',
      '#gpu-node/outbox/x.ts',
    ],
    mayNot: [...CLIMBING, ...EDGE_HALF, '#gpu-node/engines/flite-tts.ts', '#gpu-node/main.ts'],
  },
  {
    file: 'gpu-node/admission/x.ts',
    may: ['./y.ts', '#shared/clock.ts', '#shared/model/node.ts'],
    mayNot: [...NOT_FOR_TURN, '#gpu-node/engines/ports.ts', '#gpu-node/session/x.ts', '#gpu-node/gpu/x.ts'],
  },
  {
    file: 'gpu-node/supervisor/x.ts',
    may: ['./y.ts', 'node:child_process', '#shared/clock.ts', '#gpu-node/gpu/x.ts'],
    mayNot: [...CLIMBING, ...EDGE_HALF, '#gpu-node/turn/x.ts', '#gpu-node/engines/ports.ts'],
  },
  {
    file: 'gpu-node/recording/x.ts',
    may: ['./y.ts', 'node:fs', '#gpu-node/engines/ports.ts', '#gpu-node/turn/ports.ts', '#gpu-node/blob-client.ts'],
    mayNot: [...CLIMBING, ...EDGE_HALF, '#gpu-node/turn/x.ts', '#gpu-node/engines/flite-tts.ts'],
  },
  {
    file: 'gpu-node/voices/x.ts',
    may: [
      './y.ts',
      'node:child_process',
      '#gpu-node/engines/ports.ts',
      '#gpu-node/turn/speakable.ts',
      '#shared/audio/pcm.ts',
    ],
    mayNot: [...CLIMBING, ...EDGE_HALF, '#gpu-node/turn/x.ts', '#gpu-node/engines/flite-tts.ts'],
  },
  {
    file: 'tests/x/x.ts',
    may: ['./y.ts', '#edge/store/x.ts', '#gpu-node/turn/x.ts', '#tests/fakes/x.ts', 'node:fs', '#shared/on-node/x.ts'],
    mayNot: CLIMBING,
  },
]
