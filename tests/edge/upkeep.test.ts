// What upkeep does, one part at a time, and when the hosts call it; without a network and in virtual time.
import { readFileSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { scheduleUpkeep } from '#edge/runtime/node/schedule.ts'
import { upkeep, UPKEEP_EVERY_MS } from '#edge/upkeep.ts'
import type { BlobHash } from '#shared/blob.ts'
import { newId, type SessionId } from '#shared/ids.ts'
import { MAX_SESSION_MS } from '#shared/protocol/limits.ts'
import { createMemoryStore } from '#tests/fakes/memory-store.ts'
import { createRecordingLog } from '#tests/fakes/recording-log.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const HOUR_MS = 60 * 60_000

function world() {
  const clock = createVirtualClock()
  const store = createMemoryStore()
  const { log, lines } = createRecordingLog()
  const swept: number[] = []
  const blobs = {
    failure: undefined as Error | undefined,
    old: [] as BlobHash[],
    deleted: [] as BlobHash[],
    asked: [] as string[],
    delete: async (hash: BlobHash) => void blobs.deleted.push(hash),
    async putBefore(before: number, prefix: string) {
      blobs.asked.push(`${prefix} ${clock.now() - before}`)
      return blobs.old
    },
    async sweep(before: number) {
      if (blobs.failure) throw blobs.failure
      return swept.push(before)
    },
  }
  const open = async (): Promise<SessionId> => {
    const sessionId = newId('session', clock.now())
    const opening = { sessionId, userId: 'usr_one', conversationId: undefined, personaId: 'per_default' } as const
    await store.sessions.openSession({ ...opening, now: clock.now() })
    return sessionId
  }
  return { clock, store, log, lines, swept, blobs, open, voiceJobs: { begin: () => {} } }
}

describe('upkeep', () => {
  let all: ReturnType<typeof world>
  beforeEach(() => {
    all = world()
  })

  it('[SCH2] no session is ended that its own limit has not ended before, and none stays much longer', async () => {
    const { clock, store, open } = all
    const sessionId = await open()
    await clock.advance(MAX_SESSION_MS + 60_000)
    await upkeep(all)
    expect(store.opened.get(sessionId)?.endReason).toBeUndefined()
    await clock.advance(10 * 60_000)
    await upkeep(all)
    expect(store.opened.get(sessionId)?.endReason).toBe('maxDuration')
  })

  it('[SCH3] a part that fails is logged, and the other part is done all the same', async () => {
    const { clock, store, lines, swept, blobs, open } = all
    const sessionId = await open()
    await clock.advance(2 * MAX_SESSION_MS)
    store.failure = new Error('no database')
    await upkeep(all)
    expect(swept).toEqual([clock.now() - HOUR_MS])
    store.failure = undefined
    blobs.failure = new Error('no disk')
    await upkeep(all)
    expect(store.opened.get(sessionId)?.endReason).toBe('maxDuration')
    const errors = lines.filter(({ level }) => level === 'error').map(({ message }) => message)
    expect(errors).toEqual(['cannot sweep sessions', 'cannot sweep blobs'])
  })

  it('[SCH7] files that nothing names are removed when they are old, all of them in 64 hours', async () => {
    const { clock, store, blobs } = all
    const [named, left] = ['a'.repeat(64) as BlobHash, 'b'.repeat(64) as BlobHash]
    store.voices.unnamed = async (hashes) => hashes.filter((hash) => hash !== named)
    blobs.old = [named, left]
    await upkeep(all)
    expect(blobs.deleted).toEqual([left])
    blobs.old = []
    for (let run = 1; run < 256; run++) {
      await clock.advance(UPKEEP_EVERY_MS)
      await upkeep(all)
    }
    const asked = blobs.asked.map((one) => one.split(' '))
    expect(new Set(asked.map(([prefix]) => prefix)).size).toBe(256)
    for (const [prefix, age] of asked) expect([prefix?.length, Number(age)]).toEqual([2, 7 * 24 * HOUR_MS])
  })

  it('[SCH4] the Node host does it at its start and every 15 minutes, one at a time, and not after its stop', async () => {
    const { clock, swept, blobs } = all
    const slow = Promise.withResolvers<void>()
    let isSlow = false
    const sweep = async (before: number) => {
      if (isSlow) await slow.promise
      return blobs.sweep(before)
    }
    const stop = scheduleUpkeep({ ...all, blobs: { ...blobs, sweep } })
    await clock.settle()
    expect(swept).toHaveLength(1)
    isSlow = true
    await clock.advance(3 * UPKEEP_EVERY_MS)
    isSlow = false
    slow.resolve()
    await clock.settle()
    expect(swept).toHaveLength(2)
    await clock.advance(UPKEEP_EVERY_MS)
    expect(swept).toHaveLength(3)
    await stop()
    expect(clock.pending).toBe(0)
  })

  it('[SCH5] the cron trigger of wrangler.toml is as often', () => {
    const [, minutes] = /^crons = \["\*\/(\d+) \* \* \* \*"\]$/m.exec(readFileSync('wrangler.toml', 'utf8')) ?? []
    expect(Number(minutes) * 60_000).toBe(UPKEEP_EVERY_MS)
  })
})
