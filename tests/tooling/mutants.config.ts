// vitest for one mutant at a time: the changed source takes the real one's place when it is loaded, and no file is written. The
// change comes in MUTANT (mutants.ts); without it the tests run against the sources as they are.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineConfig } from 'vitest/config'
import { applyMutant, type Mutant } from './mutate.ts'

/** A change may make a loop endless: a test that hangs has found it. */
const TEST_TIMEOUT_MS = 10_000

const mutant = JSON.parse(process.env['MUTANT'] ?? 'null') as (Mutant & { file: string }) | null
const changed = mutant && resolve(mutant.file)

export default defineConfig({
  plugins: [
    {
      name: 'one-mutant',
      enforce: 'pre',
      // vitest's cache knows a file by its path and content on the disk, and not by the change.
      configureVitest({ defineCacheKeyGenerator }) {
        defineCacheKeyGenerator(({ id }) => (id === changed ? false : undefined))
      },
      load(id) {
        return mutant && id === changed ? applyMutant(readFileSync(id, 'utf8'), mutant) : undefined
      },
    },
  ],
  test: {
    environment: 'node',
    provide: { host: 'node' },
    exclude: ['**/node_modules/**', 'tests/**/*.hosts.test.ts'],
    testTimeout: TEST_TIMEOUT_MS,
    hookTimeout: TEST_TIMEOUT_MS,
    isolate: false,
    maxWorkers: 1,
  },
})
