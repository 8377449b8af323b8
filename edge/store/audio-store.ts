// The sound of turns: how long it is kept, which files hold it, and when they are removed. The files are in the blob
// store.
import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import { session } from '#edge/store/schema/conversations.ts'
import { persona } from '#edge/store/schema/personas.ts'
import { turn, turnAudio } from '#edge/store/schema/turns.ts'
import { user } from '#edge/store/schema/users.ts'
import { DAY_MS } from '#shared/day.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { PersonaId, TurnId, UserId } from '#shared/ids.ts'
import type { KeepAudioDays, TurnAudio } from '#shared/model/turn-audio.ts'
import type { EdgeDatabase } from './database.ts'
import type { Slot } from './prepared.ts'

export interface AudioStore {
  /** For a session that begins now: the user's own choice; without one, the persona's. */
  keepDays(who: { userId: UserId; personaId: PersonaId }): Promise<KeepAudioDays>
  /** null: each persona decides. Holds for sessions that begin later. */
  chooseDays(userId: UserId, days: KeepAudioDays | null): Promise<void>
  chosenDays(userId: UserId): Promise<KeepAudioDays | null>
  /** The caller has checked that the turn may be read. */
  turnAudio(turnId: TurnId): Promise<TurnAudio | undefined>
  /** Forgets what was kept long enough, at most `limit` turns. Returns the files that these turns named. */
  expireAudio(now: number, limit: number): Promise<BlobHash[]>
}

export function createAudioStore(db: EdgeDatabase): AudioStore {
  return {
    async keepDays({ userId, personaId }) {
      const own = db.select({ days: user.keepAudioDays }).from(user).where(eq(user.id, userId))
      const [found] = await db
        .select({ days: sql<0 | 7 | 30>`coalesce(${own}, ${persona.keepAudioDays})` })
        .from(persona)
        .where(eq(persona.id, personaId))
      return found?.days ?? 0
    },

    async chooseDays(userId, days) {
      await db.update(user).set({ keepAudioDays: days }).where(eq(user.id, userId))
    },

    async chosenDays(userId) {
      const [found] = await db.select({ days: user.keepAudioDays }).from(user).where(eq(user.id, userId))
      return found?.days ?? null
    },

    async turnAudio(turnId) {
      const [found] = await db.select().from(turnAudio).where(eq(turnAudio.turnId, turnId))
      return found && audioOf(found)
    },

    async expireAudio(now, limit) {
      const old = db
        .select({ turnId: turnAudio.turnId })
        .from(turnAudio)
        .where(lte(turnAudio.until, now))
        .orderBy(asc(turnAudio.until))
        .limit(limit)
      const gone = await db.delete(turnAudio).where(inArray(turnAudio.turnId, old)).returning()
      return audioFiles(gone)
    },
  }
}

type Row = typeof turnAudio.$inferSelect

export function audioOf({ utterance, reply }: Pick<Row, 'utterance' | 'reply'>): {
  utterance?: BlobHash
  reply?: BlobHash
} {
  return { ...(utterance !== null && { utterance }), ...(reply !== null && { reply }) }
}

export const audioFiles = (rows: readonly Pick<Row, 'utterance' | 'reply'>[]): BlobHash[] => [
  ...new Set(rows.flatMap(({ utterance, reply }) => [utterance, reply]).filter((hash) => hash !== null)),
]

/** A statement for a batch, after the one that stores the turn. The session says how long its sound is kept. */
export function keepAudio(
  db: EdgeDatabase,
  at: Record<'turnId' | 'sessionId' | 'conversationId' | 'utterance' | 'reply', Slot>,
) {
  const isKept = and(
    eq(turn.id, at.turnId),
    eq(turn.sessionId, at.sessionId),
    eq(turn.conversationId, at.conversationId),
    eq(session.id, at.sessionId),
    sql`${session.keepAudioDays} > 0`,
    sql`coalesce(${at.utterance}, ${at.reply}) is not null`,
  )
  const until = sql`${turn.startedAt} + ${session.keepAudioDays} * ${DAY_MS}`
  return db
    .insert(turnAudio)
    .select(sql`select ${turn.id}, ${at.utterance}, ${at.reply}, ${until} from ${turn}, ${session} where ${isKept}`)
    .onConflictDoNothing()
}
