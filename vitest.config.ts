// How tests run: one project a host. What needs the Workers runtime lies in tests/workers; suites of routes, wires and rooms run
// unchanged in both projects, against a whole edge on each host.
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { hasSqld, hasWorkerd } from './tests/tooling/machine.ts'

/** A real engine or a browser takes seconds on a busy two-core machine; a hung test must still end. */
const TEST_TIMEOUT_MS = 30_000
const HOOK_TIMEOUT_MS = 60_000

/** Each starts a runtime and a database of its own. */
const WORKERS_AT_ONCE = 3
/** Whole calls of one file: each has an edge of its own. */
const WORLDS_AT_ONCE = 2
const ON_WORKERS = [
  'tests/workers/**/*.test.ts',
  'tests/http/{auth,bounds,history,identities,keys,models,node-blobs,out-front,personas,resources,safe-text,turn-audio,usage,voice-profiles,voice-upload,voice-use}.test.ts',
  'tests/rooms/{connect,delivery,go-away,relay}.test.ts',
  // Not those that stop the edge's program or read its log: see tests/hosts/gaps.ts.
  'tests/call/{bad-input,barge-in,conversation,engine-failures,formats,go-away,goodbye,lost-sockets,nodes,outbox,personas,quotas,safety,speculation,turn}.test.ts',
  'tests/store/migrations.test.ts',
  'tests/upkeep/scheduled.test.ts',
  'tests/security/api-fuzz.test.ts',
]

/** With these wrangler asks nobody, reads no .env of the user and writes nothing outside the ignored .wrangler/. */
const QUIET_WRANGLER = {
  CLOUDFLARE_CF_FETCH_ENABLED: 'false',
  CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: 'false',
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
  WRANGLER_LOG: 'error',
  WRANGLER_WRITE_LOGS: 'false',
  XDG_CONFIG_HOME: resolve('.wrangler'),
}

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          provide: { host: 'node' },
          environment: 'node',
          include: ['tests/**/*.test.{ts,tsx}'],
          exclude: ['tests/workers/**', '**/node_modules/**'],
          testTimeout: TEST_TIMEOUT_MS,
          hookTimeout: HOOK_TIMEOUT_MS,
        },
      },
      {
        extends: true,
        test: {
          name: 'workers',
          // Mostly they wait: for programs that start, and for times of the wires that cannot be shortened here.
          maxWorkers: WORKERS_AT_ONCE,
          maxConcurrency: WORLDS_AT_ONCE,
          provide: { host: 'workers' },
          environment: 'node',
          // Where the runtime or the database does not start, `npm test` says so at its end.
          include: hasWorkerd() && hasSqld() ? ON_WORKERS : [],
          env: QUIET_WRANGLER,
          testTimeout: TEST_TIMEOUT_MS,
          hookTimeout: HOOK_TIMEOUT_MS,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['shared/**/*.{ts,tsx}', 'edge/**/*.{ts,tsx}', 'gpu-node/**/*.{ts,tsx}'],
      // What runs inside workerd or, built, in a browser cannot be measured from here; tests/workers and tests/web try it.
      exclude: ['**/*.d.ts', '**/dist/**', 'edge/runtime/workers/**', 'edge/web/**'],
      reportOnFailure: true,
      reporter: ['text-summary', 'json-summary'],
      reportsDirectory: 'coverage',
    },
  },
})
