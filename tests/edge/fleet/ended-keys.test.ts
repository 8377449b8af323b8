// Which keys are looked for: all that ended since the oldest live session can have begun.
import { expect, it } from 'vitest'
import { endSessionsOfEndedKeys } from '#edge/fleet/ended-keys.ts'
import { FAREWELL_MS, OPENING_MS, PLACING_MS } from '#edge/session/session-state.ts'
import { MAX_SESSION_MS } from '#shared/protocol/limits.ts'

async function look(ended: Array<`key_${string}`>) {
  const asked: number[] = []
  const told: string[][] = []
  const keys = { endedKeys: async (since: number, now: number) => (asked.push(since, now), ended) }
  const sessions = { keysEnded: async (keyIds: readonly string[]) => void told.push([...keyIds]) }
  await endSessionsOfEndedKeys({ store: { keys }, sessions }, 10_000_000)
  return { asked, told }
}

it('[SEC18] a look reaches back over the longest session, its opening and its farewell', async () => {
  const { asked, told } = await look(['key_one'])
  expect(asked).toEqual([expect.any(Number), 10_000_000])
  expect(asked[0]).toBeLessThanOrEqual(10_000_000 - MAX_SESSION_MS - OPENING_MS - PLACING_MS - FAREWELL_MS)
  expect(told).toEqual([['key_one']])
})

it('[SEC18] where no key ended no session is asked', async () => {
  expect((await look([])).told).toEqual([])
})
