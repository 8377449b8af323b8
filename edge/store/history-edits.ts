// What a user changes in his history: feedback, and deletions that leave nothing behind. Knows no room: whoever deletes
// a user ends his live sessions first.
import { and, eq, inArray, lt, not, sql, type SQL } from 'drizzle-orm'
import { conversation, session } from '#edge/store/schema/conversations.ts'
import { job } from '#edge/store/schema/jobs.ts'
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
   * Removes all that a user said, his usage and his voices in one batch. His keys (or only `onlyKey`) are revoked and
   * lose their names; whoever calls this ends the live sessions. Returns the files that his voices and turns named.
   */
  deleteUser(userId: UserId, leaving: { now: number; onlyKey?: ApiKeyId | undefined }): Promise<BlobHash[]>
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

    deleteUser: (userId, leaving) => deleteUser(db, userId, leaving),
  }
}

async function deleteUser(
  db: EdgeDatabase,
  userId: UserId,
  { now, onlyKey }: Parameters<HistoryEdits['deleteUser']>[1],
): Promise<BlobHash[]> {
  const ofUser = sql`${turn.sessionId} in (select ${session.id} from ${session} where ${eq(session.userId, userId)})`
  const isOfUser = eq(voiceProfile.userId, userId)
  const today = dayOf(now)
  const isEnded = and(eq(apiKey.userId, userId), onlyKey === undefined ? undefined : eq(apiKey.id, onlyKey))
  const { files, sound } = await runBatch(db, {
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
    noJobs: db
      .delete(job)
      .where(sql`${job.subject} in (select ${voiceProfile.id} from ${voiceProfile} where ${isOfUser})`),
    files: db.select(FILES).from(voiceProfile).where(isOfUser),
    personasWithout: db
      .update(persona)
      .set({ voiceProfileId: null })
      .where(inArray(persona.voiceProfileId, db.select({ id: voiceProfile.id }).from(voiceProfile).where(isOfUser))),
    noVoices: db.delete(voiceProfile).where(isOfUser),
    ...deleteTurns(db, ofUser),
    noSessions: db.delete(session).where(eq(session.userId, userId)),
    noConversations: db.delete(conversation).where(eq(conversation.userId, userId)),
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
  return [...filesOf(files), ...audioFiles(sound)]
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
