// What upkeep does, one task at a time, and when it is due; without a network and in virtual time.
import { beforeEach, describe, expect, it } from 'vitest'
import { UPKEEP_EVERY_MS, upkeepTasks, type UpkeepPorts } from '#edge/tasks/upkeep-tasks.ts'
import type { BlobHash } from '#shared/blob.ts'
import { newId, type SessionId } from '#shared/ids.ts'
import { MAX_SESSION_MS } from '#shared/protocol/limits.ts'
import { dueOf } from '#shared/tasks/schedule.ts'
import type { TaskContext } from '#shared/tasks/task-kind.ts'
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
  return { clock, store, log, lines, swept, blobs, open }
}

/** Does one task of it, or all. */
async function upkeep(ports: UpkeepPorts, only?: string): Promise<void> {
  const signal = new AbortController().signal
  for (const { name, run } of upkeepTasks(ports).kinds)
    if (only === undefined || name === only) await run(null, { signal } as TaskContext)
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

  it('[SCH4] each part is a task of its own, due at the start of a new house and every 15 minutes', () => {
    const { schedules, kinds } = upkeepTasks(all)
    expect(schedules.map(({ task }) => task)).toEqual(kinds.map(({ name }) => name))
    const now = Date.UTC(2026, 0, 1)
    for (const schedule of schedules) {
      expect(dueOf(schedule, undefined, now)).toEqual({ isDue: true, nextAt: now + UPKEEP_EVERY_MS })
      expect(dueOf(schedule, now + UPKEEP_EVERY_MS, now)).toMatchObject({ isDue: false })
    }
  })
})
