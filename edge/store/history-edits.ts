// What a user changes in his history: feedback, and deletions that leave nothing behind. Knows no room: whoever deletes
// a user ends his live sessions first.
import { and, eq, inArray, lt, lte, not, notExists, sql, type SQL } from 'drizzle-orm'
import { deleteUser } from '#edge/planned-tasks.ts'
import { conversation, session } from '#edge/store/schema/conversations.ts'
import { persona } from '#edge/store/schema/personas.ts'
import { feedback, turn, turnAudio } from '#edge/store/schema/turns.ts'
import { usage } from '#edge/store/schema/usage.ts'
import { apiKey, user } from '#edge/store/schema/users.ts'
import { voiceProfile } from '#edge/store/schema/voices.ts'
import { dayOf } from '#shared/day.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { ApiKeyId, ConversationId, TurnId, UserId } from '#shared/ids.ts'
import type { Owner } from '#shared/model/caller.ts'
import { audioFiles } from './audio-store.ts'
import { runBatch, type EdgeDatabase } from './database.ts'
import { isOwnSecret } from './key-store.ts'
import { insertTask } from '#shared/task-store/task-rows.ts'
import { forgetTasks } from './task-store.ts'
import { forgetWords } from './turn-search.ts'
import { FILES, filesOf } from './voice-rows.ts'

export interface Feedback {
  vote: 'up' | 'down'
  comment: string | null
}

/** What a user changes in his history. */
export interface HistoryEdits {
  /** The turn with this number or id, where it is the owner's. */
  turnId(owner: Owner, id: ConversationId, turn: number | TurnId): Promise<TurnId | undefined>
  setFeedback(turnId: TurnId, feedback: Feedback, now: number): Promise<void>
  feedback(turnId: TurnId): Promise<Feedback | undefined>
  /**
   * Removes its turns, index entries, feedback and sessions. Returns the files that they named; `live` while somebody
   * talks in it.
   */
  deleteConversation(owner: Owner, id: ConversationId): Promise<BlobHash[] | 'live' | 'unknown'>
  /**
   * A user leaves: his voices, his tasks and his usage go at once, his keys (or only `onlyKey`) are revoked and lose
   * their names, and a task is planned that removes what he said before now. Whoever calls this ends the live sessions.
   * Returns the files that his voices named.
   */
  leave(userId: UserId, leaving: { now: number; onlyKey?: ApiKeyId | undefined }): Promise<BlobHash[]>
  /**
   * One step in removing what a user said in sessions that began before this time: at most `limit` turns, or of what
   * is left of sessions and conversations when there are no more. Returns the files that the turns named.
   */
  deleteSaid(userId: UserId, step: { before: number; limit: number }): Promise<{ files: BlobHash[]; isDone: boolean }>
}

/** What the list of keys shows of a user who is gone. */
const NAMELESS = 'deleted'

export function createHistoryEdits(db: EdgeDatabase): HistoryEdits {
  return {
    async turnId(owner, id, which) {
      const isIt = typeof which === 'number' ? eq(turn.turn, which) : eq(turn.id, which)
      const [found] = await db
        .select({ id: turn.id })
        .from(turn)
        .innerJoin(conversation, eq(conversation.id, turn.conversationId))
        .where(and(isIt, isOwn(owner, id)))
      return found?.id
    },

    async setFeedback(turnId, { vote, comment }, now) {
      const row = { vote, comment, updatedAt: now }
      await db
        .insert(feedback)
        .values({ turnId, ...row })
        .onConflictDoUpdate({ target: feedback.turnId, set: row })
    },

    async feedback(turnId) {
      const { vote, comment } = feedback
      const [found] = await db.select({ vote, comment }).from(feedback).where(eq(feedback.turnId, turnId))
      return found
    },

    async deleteConversation(owner, id) {
      const live = sql`exists (select 1 from ${session} where ${session.conversationId} = ${id} and ${session.state} = 'live')`
      const mayGo = sql`exists (select 1 from ${conversation} where ${isOwn(owner, id)}) and not ${live}`
      const { found, sound } = await runBatch(db, {
        // Writes come first: a server refuses a transaction that has read and then writes where another one wrote in
        // between.
        ...deleteTurns(db, and(eq(turn.conversationId, id), mayGo)),
        found: db
          .select({ isLive: sql<number>`${live}` })
          .from(conversation)
          .where(isOwn(owner, id)),
        noSessions: db.delete(session).where(and(eq(session.conversationId, id), mayGo)),
        noConversation: db.delete(conversation).where(and(eq(conversation.id, id), mayGo)),
      })
      const [one] = found
      if (one === undefined) return 'unknown'
      return one.isLive ? 'live' : audioFiles(sound)
    },

    leave: (userId, leaving) => leave(db, userId, leaving),
    deleteSaid: (userId, step) => deleteSaid(db, userId, step),
  }
}

async function leave(
  db: EdgeDatabase,
  userId: UserId,
  { now, onlyKey }: Parameters<HistoryEdits['leave']>[1],
): Promise<BlobHash[]> {
  const isOfUser = eq(voiceProfile.userId, userId)
  const today = dayOf(now)
  const isEnded = and(eq(apiKey.userId, userId), onlyKey === undefined ? undefined : eq(apiKey.id, onlyKey))
  const { files } = await runBatch(db, {
    // Writes come first: a server refuses a transaction that has read and then writes where another one wrote in
    // between.
    revokedKeys: db
      .update(apiKey)
      .set({ name: NAMELESS, revokedAt: sql`coalesce(${apiKey.revokedAt}, ${now})` })
      .where(and(isEnded, isOwnSecret)),
    // An identity may come again with a new token, and begins anew.
    endedIdentities: db
      .update(apiKey)
      .set({ expiresAt: now })
      .where(and(isEnded, not(isOwnSecret))),
    noTasks: forgetTasks(db, userId),
    deletion: insertTask(db, deleteUser(userId, now), { now }),
    files: db.select(FILES).from(voiceProfile).where(isOfUser),
    personasWithout: db
      .update(persona)
      .set({ voiceProfileId: null })
      .where(inArray(persona.voiceProfileId, db.select({ id: voiceProfile.id }).from(voiceProfile).where(isOfUser))),
    noVoices: db.delete(voiceProfile).where(isOfUser),
    // Today's usage counts until the day is over: nobody gets a day's quotas twice by deleting his account.
    noUsage: db.delete(usage).where(and(eq(usage.userId, userId), lt(usage.day, today))),
    leaving: db
      .update(user)
      .set({
        // A node whose clock is ahead may have counted a day that is still to come.
        forgetUsageOf: sql`max(${today}, coalesce((select max(${usage.day}) from ${usage} where ${usage.userId} = ${userId}), ${today}))`,
      })
      .where(eq(user.id, userId)),
  })
  return filesOf(files)
}

async function deleteSaid(
  db: EdgeDatabase,
  userId: UserId,
  { before, limit }: Parameters<HistoryEdits['deleteSaid']>[1],
): ReturnType<HistoryEdits['deleteSaid']> {
  const isOld = and(eq(session.userId, userId), lte(session.createdAt, before))
  const turns = await db
    .select({ id: turn.id })
    .from(session)
    .innerJoin(turn, eq(turn.sessionId, session.id))
    .where(isOld)
    .limit(limit)
  if (turns.length > 0) {
    const ids = turns.map(({ id }) => id)
    const { sound } = await runBatch(db, deleteTurns(db, inArray(turn.id, ids)))
    return { files: audioFiles(sound), isDone: false }
  }
  const { left, conversations } = await runBatch(db, {
    sessions: db.delete(session).where(
      inArray(
        session.id,
        db
          .select({ id: session.id })
          .from(session)
          // A turn may have come after the look.
          .where(and(isOld, notExists(db.select().from(turn).where(eq(turn.sessionId, session.id)))))
          .limit(limit),
      ),
    ),
    conversations: db.delete(conversation).where(
      inArray(
        conversation.id,
        db
          .select({ id: conversation.id })
          .from(conversation)
          .where(
            and(
              eq(conversation.userId, userId),
              lte(conversation.createdAt, before),
              notExists(db.select().from(session).where(eq(session.conversationId, conversation.id))),
            ),
          )
          .limit(limit),
      ),
    ),
    left: db.select({ id: session.id }).from(session).where(isOld).limit(1),
  })
  return { files: [], isDone: left.length === 0 && conversations.rowsAffected < limit }
}

function isOwn(owner: Owner, id: ConversationId): SQL | undefined {
  return and(eq(conversation.id, id), owner === 'everybody' ? undefined : eq(conversation.userId, owner))
}

/**
 * Deletes turns with all that refers to them, in the order in which foreign keys allow it; `sound` reads the files
 * first.
 */
function deleteTurns(db: EdgeDatabase, which: SQL | undefined) {
  const ids = sql`(select ${turn.id} from ${turn} where ${which})`
  return {
    ...forgetWords(db, which),
    sound: db
      .select()
      .from(turnAudio)
      .where(sql`${turnAudio.turnId} in ${ids}`),
    noSound: db.delete(turnAudio).where(sql`${turnAudio.turnId} in ${ids}`),
    noFeedback: db.delete(feedback).where(sql`${feedback.turnId} in ${ids}`),
    noTurns: db.delete(turn).where(which),
  }
}
