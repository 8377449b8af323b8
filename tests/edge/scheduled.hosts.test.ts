// Upkeep as each host calls it: by a timer on Node, by the cron trigger on workerd; with a real database and real files.
import { existsSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newId, type ConversationId, type UserId } from '#shared/ids.ts'
import { hostName } from '#tests/tooling/hosts/which-host.ts'
import { startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'

const HOURS_MS = 3 * 60 * 60_000

describe('the schedule of a host', () => {
  let edge: TestEdge
  let userId: UserId
  beforeAll(async () => {
    edge = await startTestEdge()
    userId = (await edge.newKey()).userId
  })
  afterAll(() => edge.close())
  const open = async (now: number, conversationId?: ConversationId) => {
    const opening = { sessionId: newId('session', now), userId, conversationId, personaId: 'per_default', now } as const
    return (await edge.store.sessions.openSession(opening)).conversationId
  }

  it('[SCH6] frees the conversation of a session whose room is long gone, and of no other', async () => {
    const [old, young] = [await open(Date.now() - HOURS_MS), await open(Date.now())]
    await expect(open(Date.now(), old)).rejects.toMatchObject({ fault: { code: 'conflict' } })
    await edge.upkeep()
    await expect.poll(() => open(Date.now(), old).catch(() => 'in use'), { timeout: 10_000, interval: 20 }).toBe(old)
    await expect(open(Date.now(), young)).rejects.toMatchObject({ fault: { code: 'conflict' } })
  })

  // On R2 there is no part of a file to be left.
  it.runIf(hostName() === 'node')('[SCH6] removes files that were never finished', async () => {
    const part = join(edge.dataDir, 'blobs', 'incoming', 'part')
    writeFileSync(part, 'half a voice')
    utimesSync(part, new Date(Date.now() - HOURS_MS), new Date(Date.now() - HOURS_MS))
    // Again, because a run that is still going takes no further one in.
    const isThere = async () => {
      await edge.upkeep()
      return existsSync(part)
    }
    await expect.poll(isThere, { timeout: 10_000, interval: 20 }).toBe(false)
  })
})
