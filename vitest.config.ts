// How tests run: one project a host. What needs the Workers runtime lies in tests/edge/runtime/workers; a suite named
// `*.hosts.test.ts` runs unchanged in both projects, against a whole edge on each host.
import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { hasSqld, hasWorkerd } from './tests/tooling/machine.ts'

/** A real engine or a browser takes seconds on a busy two-core machine; a hung test must still end. */
const TEST_TIMEOUT_MS = 30_000
const HOOK_TIMEOUT_MS = 60_000

/** Many files mostly wait: for programs that start, and for audio that is played at the pace of life. */
const FILES_AT_ONCE = Math.max(3, availableParallelism())
/** Whole calls of one file: each has an edge of its own. */
const WORLDS_AT_ONCE = 2
/** What needs the Workers runtime itself, and the suites that run on both hosts: their name says so. */
const ON_WORKERS = ['tests/edge/runtime/workers/**/*.test.ts', 'tests/**/*.hosts.test.ts']

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
    maxWorkers: FILES_AT_ONCE,
    // A process reads the modules once for all files that it runs: to read them takes longer than most files do.
    // So no test may leave a changed environment, a spy or a timer behind.
    isolate: false,
    // What is waited for comes in milliseconds, or, on a busy machine, much later.
    expect: { poll: { timeout: 10_000, interval: 20 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          provide: { host: 'node' },
          environment: 'node',
          include: ['tests/**/*.test.{ts,tsx}'],
          exclude: ['tests/edge/runtime/workers/**', '**/node_modules/**'],
          testTimeout: TEST_TIMEOUT_MS,
          hookTimeout: HOOK_TIMEOUT_MS,
        },
      },
      {
        extends: true,
        test: {
          name: 'workers',
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
      // What runs inside workerd or, built, in a browser cannot be measured from here; tests/edge/runtime/workers and tests/edge/web try it.
      exclude: ['**/*.d.ts', '**/dist/**', 'edge/runtime/workers/**', 'edge/web/**'],
      // Of programs and threads that tests start, too: the command line and the embedded engines run in no other way.
      autoAttachSubprocess: true,
      reportOnFailure: true,
      reporter: ['text-summary', 'json-summary'],
      reportsDirectory: 'coverage',
    },
  },
})
