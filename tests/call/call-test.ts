// `it` for tests of whole calls: gives each test a `start` for worlds of its own, which end with it. Tests of one file then
// run at the same time: they mostly wait for audio to be played.
import { test } from 'vitest'
import { startCallWorld, type CallWorld, type WorldDescription } from './call-world.ts'

export interface CallFixture {
  start: (description?: WorldDescription) => Promise<CallWorld>
}

export const it = test.extend<CallFixture>({
  // Vitest reads the names of the fixtures that are needed from the first parameter: none.
  // oxlint-disable-next-line no-empty-pattern
  start: async ({}, use) => {
    const worlds: CallWorld[] = []
    await use(async (description) => {
      const world = await startCallWorld(description)
      worlds.push(world)
      return world
    })
    await Promise.all(worlds.map((world) => world.close()))
  },
})
