// Which import each layer may write: the architecture as a table, and its only source. layers.ts makes the overrides of
// .oxlintrc.json of it (`npm run lint:layers`); layers.test.ts plants every import of it into every layer. A new folder
// gets an entry here. Of two entries for one file the later one counts.

export interface Layer {
  /** Globs of the linter. */
  files: string[]
  /** What the linter says of a refused import. */
  message: string
  /** All that may be imported besides the folder's own `./x.ts`; without it everything may that `not` leaves. */
  only?: string[]
  /** Refused, also where a wider pattern of `only` allows it. */
  not?: string[]
  /** Allowed, though a wider pattern of `not` refuses it. */
  but?: string[]
  /** Allowed as `import type` alone. */
  types?: string[]
  globals?: keyof typeof REFUSED_GLOBALS
  /** Rules of the linter that do not hold here. */
  off?: string[]
}

const OF_NODE = ['process', 'Buffer', 'require', '__dirname', '__filename', 'global']
/** Globals that code for both hosts does not touch, and besides them those of time, which is passed in as a clock. */
export const REFUSED_GLOBALS = {
  ofNode: OF_NODE,
  ofNodeAndTime: [...OF_NODE, 'setTimeout', 'setInterval', 'setImmediate'],
}

const HOUSE = ['#edge/**', '#gpu-node/**', '#tests/**']
const SHARED = ['#shared/**', 'valibot']
const ON_NODE = '#shared/on-node/**'
const CLIENT = '#shared/client/**'
/** What a layer that runs anywhere never needs of shared. */
const NOT_ANYWHERE = [ON_NODE, CLIENT]
/** Ports and words of the whole edge: what stands beside the app, and never the app itself. */
const BESIDE_APP = ['#edge/*.ts']
const NOT_IN_EDGE = ['#edge/app.ts', ...NOT_ANYWHERE]
const HONO = ['hono', 'hono/**']
const PURE = { globals: 'ofNodeAndTime', not: NOT_IN_EDGE } as const
/** What no part of the GPU node imports, and then the node itself, of which a part names what it needs. */
const NOT_IN_NODE = ['#edge/**', '#tests/**', CLIENT, 'cloudflare:*']
const PART_OF_NODE = [...NOT_IN_NODE, '#gpu-node/**']

export const LAYERS: Layer[] = [
  { files: ['**'], message: 'Across folders #area/x.ts, within a folder ./x.ts, never ../.' },
  {
    files: ['tests/**'],
    message: 'Across folders #area/x.ts, within a folder ./x.ts, never ../.',
    off: ['typescript/unbound-method'],
  },
  {
    files: ['tests/edge/runtime/workers/fixture/*worker.ts'],
    message: 'Across folders #area/x.ts, within a folder ./x.ts, never ../.',
    off: ['import/no-default-export', 'typescript/unbound-method'],
  },
  {
    files: ['*.config.ts'],
    message: 'Tool configuration imports packages only.',
    not: ['#edge/**', '#gpu-node/**'],
    off: ['import/no-default-export'],
  },

  // --- shared ---
  {
    files: ['shared/**'],
    message: 'shared imports only itself and valibot.',
    only: SHARED,
    not: NOT_ANYWHERE,
    globals: 'ofNode',
  },
  {
    files: ['shared/tasks/**'],
    message: 'shared/tasks is pure: shared, valibot, and croner for the times of schedules.',
    only: [...SHARED, 'croner'],
    not: NOT_ANYWHERE,
    globals: 'ofNodeAndTime',
  },
  {
    files: ['shared/task-store/**'],
    message: 'shared/task-store is the SQL of tasks for edge and GPU node: shared and drizzle-orm.',
    only: [...SHARED, 'drizzle-orm', 'drizzle-orm/**'],
    not: NOT_ANYWHERE,
    globals: 'ofNodeAndTime',
  },
  {
    files: ['shared/client/**'],
    message: 'shared/client imports only shared and valibot: no DOM, no node:*.',
    only: SHARED,
    not: [ON_NODE],
    globals: 'ofNode',
  },
  {
    files: ['shared/on-node/**'],
    message: 'shared/on-node imports shared, node:* and packages, never a half of the product.',
    not: [...HOUSE, CLIENT, 'cloudflare:*', ...HONO],
  },

  // --- edge: pure, except for its runtimes, the page and the command line ---
  {
    files: ['edge/**'],
    message: 'The edge never imports the GPU node.',
    not: ['#gpu-node/**', '#tests/**', CLIENT],
  },
  {
    files: ['edge/*.ts'],
    message: 'What stands beside the app imports its neighbours and shared, and types of the folders and of hono.',
    only: [...SHARED, ...BESIDE_APP],
    types: ['#edge/session/**', '#edge/fleet/**', '#edge/store/**', '#edge/limits/**', '#edge/rollout/**', 'hono'],
    ...PURE,
    not: ['./app.ts', ...PURE.not],
  },
  {
    files: ['edge/app.ts'],
    message: 'edge/app.ts imports hono, http, session, fleet, store, what stands beside it, and shared.',
    only: [...SHARED, ...BESIDE_APP, '#edge/http/**', '#edge/session/**', '#edge/fleet/**', '#edge/store/**', ...HONO],
    ...PURE,
  },
  {
    files: ['edge/store/**'],
    message: 'edge/store imports what stands beside the app, shared, drizzle-orm and a dictionary.',
    only: [...SHARED, ...BESIDE_APP, '#edge/store/**', 'drizzle-orm', 'drizzle-orm/**', 'opencc-js/dict/*'],
    ...PURE,
  },
  {
    files: ['edge/limits/**'],
    message: 'edge/limits decides on plain values: shared and valibot only.',
    only: [...SHARED, '#edge/limits/**'],
    ...PURE,
  },
  {
    files: ['edge/rollout/**'],
    message: 'edge/rollout decides on plain values: shared and valibot only.',
    only: [...SHARED, '#edge/rollout/**'],
    ...PURE,
  },
  {
    files: ['edge/backup/**'],
    message: 'edge/backup decides on plain values: shared and valibot only.',
    only: [...SHARED, '#edge/backup/**'],
    ...PURE,
  },
  {
    files: ['edge/runbook/**'],
    message: 'edge/runbook reads plain text: shared and valibot only.',
    only: [...SHARED, '#edge/runbook/**'],
    ...PURE,
  },
  {
    files: ['edge/alerts/**'],
    message: 'edge/alerts decides on plain values: shared and valibot only.',
    only: [...SHARED, '#edge/alerts/**'],
    ...PURE,
  },
  {
    files: ['edge/fleet/**'],
    message: 'edge/fleet imports store, rollout, ports and shared; session and fleet meet through a port.',
    only: [...SHARED, ...BESIDE_APP, '#edge/fleet/**', '#edge/store/**', '#edge/rollout/**'],
    ...PURE,
  },
  {
    files: ['edge/session/**'],
    message: 'edge/session imports store, rollout, ports and shared; session and fleet meet through a port.',
    only: [...SHARED, ...BESIDE_APP, '#edge/session/**', '#edge/store/**', '#edge/rollout/**'],
    ...PURE,
  },
  {
    files: ['edge/clients/**'],
    message: 'A client is a socket to the room: it imports ports and shared, and types of the session.',
    only: [...SHARED, ...BESIDE_APP, '#edge/clients/**'],
    types: ['#edge/session/**'],
    ...PURE,
  },
  {
    files: ['edge/http/**'],
    message: 'edge/http imports hono, session, fleet, store, limits, rollout, tasks, alerts, ports and shared.',
    only: [
      ...SHARED,
      ...BESIDE_APP,
      ...['http', 'session', 'fleet', 'store', 'limits', 'rollout', 'tasks', 'alerts'].map(
        (name) => `#edge/${name}/**`,
      ),
      ...HONO,
      'hono-openapi',
      'openapi-types',
      '@valibot/to-json-schema',
    ],
    ...PURE,
  },
  {
    files: ['edge/tasks/**'],
    message: 'Work in the background imports ports, shared and valibot, and types of the store.',
    only: [...SHARED, ...BESIDE_APP, '#edge/tasks/**'],
    types: ['#edge/store/**'],
    ...PURE,
  },
  {
    files: ['edge/runtime/node/**'],
    message: 'edge/runtime/node knows Node, and not the other runtime, the page, the command line or the GPU node.',
    not: [
      '#gpu-node/**',
      '#tests/**',
      '#edge/runtime/workers/**',
      '#edge/web/**',
      '#edge/cli/**',
      CLIENT,
      'cloudflare:*',
      'itty-durable',
      'itty-durable/**',
    ],
  },
  {
    files: ['edge/runtime/workers/**'],
    message: 'edge/runtime/workers wires the edge to Workers and knows no node:*.',
    not: [
      '#gpu-node/**',
      '#tests/**',
      '#edge/runtime/node/**',
      '#edge/web/**',
      '#edge/cli/**',
      ON_NODE,
      CLIENT,
      'node:*',
    ],
    globals: 'ofNode',
    off: ['import/no-default-export'],
  },
  {
    files: ['edge/web/**'],
    message: 'edge/web imports shared, preact, hono/client and the type of the app.',
    only: [...SHARED, './**', '#edge/web/**', 'preact', 'preact/**', '@preact/signals', 'hono/client'],
    types: ['#edge/app.ts'],
    not: [ON_NODE],
    globals: 'ofNode',
  },
  {
    files: ['edge/cli/**'],
    message: 'edge/cli spawns the two halves; it imports shared, the store, runtime/node and the type of the app.',
    not: [
      '#gpu-node/**',
      '#tests/**',
      ...['session', 'fleet', 'clients', 'http', 'rollout', 'tasks', 'alerts', 'web'].map((name) => `#edge/${name}/**`),
      '#edge/runtime/workers/**',
      'cloudflare:*',
    ],
    types: ['#edge/app.ts'],
  },

  // --- gpu-node ---
  { files: ['gpu-node/**'], message: 'gpu-node never imports the edge.', not: NOT_IN_NODE },
  {
    files: ['gpu-node/config/**'],
    message: 'gpu-node/config imports shared and node:*, and types of the other folders.',
    not: [...NOT_IN_NODE, ...HONO],
    types: ['#gpu-node/**'],
  },
  {
    files: ['gpu-node/turn/**'],
    message: 'gpu-node/turn is pure: engines/ports.ts and shared, never an engine.',
    only: [...SHARED, '#gpu-node/turn/**', '#gpu-node/engines/ports.ts', 'opencc-js/*'],
    not: NOT_ANYWHERE,
    globals: 'ofNodeAndTime',
  },
  {
    files: ['gpu-node/engines/**'],
    message: 'An engine knows its port, what the configuration says of it, and shared; nothing else of the node.',
    not: PART_OF_NODE,
    but: ['#gpu-node/engines/**', '#gpu-node/config/plan.ts'],
  },
  ...['openai', 'embedded', 'chain'].map((room) => ({
    files: [`gpu-node/engines/${room}/**`],
    message: `engines/${room} knows ports, chain and itself; the root of engines/ chooses among the rooms.`,
    not: PART_OF_NODE,
    but: [
      `#gpu-node/engines/${room}/**`,
      '#gpu-node/engines/chain/**',
      '#gpu-node/engines/*.ts',
      '#gpu-node/config/plan.ts',
    ],
  })),
  {
    files: ['gpu-node/tunnel/**'],
    message: 'The tunnel carries; it knows no turn and no engine, and only types of session and outbox.',
    not: PART_OF_NODE,
    but: ['#gpu-node/tunnel/**'],
    types: ['#gpu-node/session/**', '#gpu-node/outbox/**'],
  },
  {
    files: ['gpu-node/outbox/**'],
    message: 'The outbox keeps finished turns; it knows no turn and no engine, and only types of tunnel and session.',
    not: PART_OF_NODE,
    but: ['#gpu-node/outbox/**'],
    types: ['#gpu-node/tunnel/**', '#gpu-node/session/**'],
  },
  {
    files: ['gpu-node/session/**'],
    message: 'gpu-node/session joins tunnel, turn and outbox; engines only by their ports.',
    not: PART_OF_NODE,
    but: [
      ...['session', 'turn', 'tunnel', 'outbox'].map((name) => `#gpu-node/${name}/**`),
      '#gpu-node/engines/ports.ts',
    ],
  },
  {
    files: ['gpu-node/admission/**'],
    message: 'admission decides on readings; it knows no engine and no session.',
    only: ['#shared/**'],
    not: NOT_ANYWHERE,
    globals: 'ofNodeAndTime',
  },
  {
    files: ['gpu-node/supervisor/**', 'gpu-node/gpu/**'],
    message: 'supervisor and gpu know machines, not calls.',
    not: PART_OF_NODE,
    but: ['#gpu-node/supervisor/**', '#gpu-node/gpu/**'],
  },
  {
    files: ['gpu-node/tasks/**'],
    message: 'tasks of the node know their table, not calls.',
    not: PART_OF_NODE,
    but: ['#gpu-node/tasks/**'],
  },
  {
    files: ['gpu-node/recording/**'],
    message: 'recording knows sinks and files, not calls.',
    not: PART_OF_NODE,
    but: [
      '#gpu-node/recording/**',
      '#gpu-node/engines/ports.ts',
      '#gpu-node/turn/ports.ts',
      '#gpu-node/blob-client.ts',
    ],
  },
  {
    files: ['gpu-node/voices/**'],
    message: 'voices use engines by their ports.',
    not: PART_OF_NODE,
    but: [
      '#gpu-node/voices/**',
      '#gpu-node/engines/ports.ts',
      '#gpu-node/blob-client.ts',
      '#gpu-node/turn/spoken/speakable.ts',
      '#gpu-node/turn/spoken/spoken-text.ts',
    ],
  },
]
