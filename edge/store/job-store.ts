// Work that must not be forgotten: taken with a lease, tried again with growing pauses, gone when it is done. Several
// edges may take from it at once. Of a kind of work it knows only whose it is, so that users take turns.
import { and, asc, eq, lte, sql, type SQL } from 'drizzle-orm'
import { alias } from 'drizzle-orm/sqlite-core'
import { job, type JobKind } from '#edge/store/schema/jobs.ts'
import { voiceProfile } from '#edge/store/schema/voices.ts'
import { type JobId, newId } from '#shared/ids.ts'
import type { EdgeDatabase } from './database.ts'

export interface Job {
  id: JobId
  subject: string
  /** From 1. Only the last attempt may end the job. It also grows where a holder vanished without a word. */
  attempt: number
}

export interface JobStore {
  /**
   * Takes a due job for `ms`: of the user who was served longest ago, the one that has been due longest. Who has not
   * ended it by then counts as gone.
   */
  takeJob(kind: JobKind, lease: { now: number; ms: number }): Promise<Job | undefined>
  /** It is done, or no longer needed. False where another attempt has it. */
  jobDone(job: Job): Promise<boolean>
  /** It is tried again after its pause. False where another attempt has it. */
  jobFailed(job: Job, now: number): Promise<boolean>
}

/** Pauses after the first, second … attempt that failed. */
export const JOB_PAUSES_MS = [10_000, 40_000, 160_000, 640_000] as const
const LAST_PAUSE_MS = 640_000

const own = alias(voiceProfile, 'own')
const other = alias(voiceProfile, 'other')
/** When the user of a job was served last; 0 where he never was. One who uploads many voices stands in nobody's way. */
const SERVED_AT: Readonly<Record<JobKind, SQL>> = {
  'voice.prepare': sql`(select coalesce(max(${other.updatedAt}), 0) from ${voiceProfile} as own join ${voiceProfile} as other
    on ${other.userId} = ${own.userId} and ${other.state} <> 'uploaded' where ${own.id} = ${job.subject})`,
}

/** A row that is inserted in one batch with what it works on. */
export function newJob(kind: JobKind, subject: string, now: number): typeof job.$inferInsert {
  return { id: newId('job', now), kind, subject, attempt: 0, runAfter: now, createdAt: now }
}

export function createJobStore(db: EdgeDatabase): JobStore {
  return {
    async takeJob(kind, { now, ms }) {
      const due = db
        .select({ id: job.id })
        .from(job)
        .where(and(eq(job.kind, kind), lte(job.runAfter, now)))
        .orderBy(asc(SERVED_AT[kind]), asc(job.runAfter), asc(job.id))
        .limit(1)
      const [taken] = await db
        .update(job)
        .set({ attempt: sql`${job.attempt} + 1`, runAfter: now + ms })
        .where(sql`${job.id} in ${due}`)
        .returning({ id: job.id, subject: job.subject, attempt: job.attempt })
      return taken
    },

    async jobDone(done) {
      const { rowsAffected } = await db.delete(job).where(isAttempt(done))
      return rowsAffected > 0
    },

    async jobFailed(failed, now) {
      const pauseMs = JOB_PAUSES_MS[failed.attempt - 1] ?? LAST_PAUSE_MS
      const { rowsAffected } = await db
        .update(job)
        .set({ runAfter: now + pauseMs })
        .where(isAttempt(failed))
      return rowsAffected > 0
    },
  }
}

/** Finds no row where another attempt has the job, or where the job is gone. */
export const isAttempt = ({ id, attempt }: Job) => and(eq(job.id, id), eq(job.attempt, attempt))
