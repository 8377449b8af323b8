// What a user changes of what was said: feedback, and deleting, which leaves nothing behind. Knows no room: whoever deletes ends
// live sessions first, or by their keys.
import { and, desc, eq, inArray, lt, not, sql, type SQL } from 'drizzle-orm'
import { conversation, session } from '#edge/store/schema/conversations.ts'
import { job } from '#edge/store/schema/jobs.ts'
import { persona } from '#edge/store/schema/personas.ts'
import { feedback, turn, turnAudio } from '#edge/store/schema/turns.ts'
import { usage } from '#edge/store/schema/usage.ts'
import { apiKey, user } from '#edge/store/schema/users.ts'
import { voiceProfile } from '#edge/store/schema/voices.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { ApiKeyId, ConversationId, TurnId, UserId } from '#shared/ids.ts'
import type { Owner } from '#shared/model/caller.ts'
import { dayOf } from '#shared/model/quota.ts'
import { audioFiles } from './audio-store.ts'
import type { EdgeDatabase } from './database.ts'
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
   * Removes its turns, index entries, feedback and sessions. Returns the files that they named; `live` while somebody talks in it.
   */
  deleteConversation(owner: Owner, id: ConversationId): Promise<BlobHash[] | 'live' | 'unknown'>
  /**
   * Removes all that a user said, his usage and his voices in one batch. His keys (or only `onlyKey`) are revoked and lose
   * their names; whoever calls this ends the live sessions. Returns the files that his voices and turns named.
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
        // Ordinals go on from session to session; where a lost node has used one twice, the newer counts.
        .orderBy(desc(turn.startedAt))
        .limit(1)
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
      const results = await db.batch([
        // Writing comes first: two that begin by reading would refuse each other on a server.
        ...deleteTurns(db, and(eq(turn.conversationId, id), mayGo)),
        db
          .select({ isLive: sql<number>`${live}` })
          .from(conversation)
          .where(isOwn(owner, id)),
        db.delete(session).where(and(eq(session.conversationId, id), mayGo)),
        db.delete(conversation).where(and(eq(conversation.id, id), mayGo)),
      ])
      const [found] = results[6]
      if (found === undefined) return 'unknown'
      return found.isLive ? 'live' : audioFiles(results[2])
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
  // Writing comes first: two that begin by reading would refuse each other on a server.
  const [, , , files, , , , , sound] = await db.batch([
    // An identity may come again, with a new token, and begin anew.
    db
      .update(apiKey)
      .set({ name: NAMELESS, revokedAt: sql`coalesce(${apiKey.revokedAt}, ${now})` })
      .where(and(isEnded, isOwnSecret)),
    db
      .update(apiKey)
      .set({ expiresAt: now })
      .where(and(isEnded, not(isOwnSecret))),
    db.delete(job).where(sql`${job.subject} in (select ${voiceProfile.id} from ${voiceProfile} where ${isOfUser})`),
    db.select(FILES).from(voiceProfile).where(isOfUser),
    db
      .update(persona)
      .set({ voiceProfileId: null })
      .where(inArray(persona.voiceProfileId, db.select({ id: voiceProfile.id }).from(voiceProfile).where(isOfUser))),
    db.delete(voiceProfile).where(isOfUser),
    ...deleteTurns(db, ofUser),
    db.delete(session).where(eq(session.userId, userId)),
    db.delete(conversation).where(eq(conversation.userId, userId)),
    // Today's numbers count until the day is over: nobody gets a day's quotas twice by leaving.
    db.delete(usage).where(and(eq(usage.userId, userId), lt(usage.day, today))),
    db
      .update(user)
      .set({
        // A node whose clock is ahead has counted a day that is still to come.
        forgetUsageOf: sql`max(${today}, coalesce((select max(${usage.day}) from ${usage} where ${usage.userId} = ${userId}), ${today}))`,
      })
      .where(eq(user.id, userId)),
  ])
  return [...filesOf(files), ...audioFiles(sound)]
}

function isOwn(owner: Owner, id: ConversationId): SQL | undefined {
  return and(eq(conversation.id, id), owner === 'everybody' ? undefined : eq(conversation.userId, owner))
}

/** With all that hangs on them; in the order in which foreign keys allow it. */
function deleteTurns(db: EdgeDatabase, which: SQL | undefined) {
  const ids = sql`(select ${turn.id} from ${turn} where ${which})`
  return [
    ...forgetWords(db, which),
    db
      .select()
      .from(turnAudio)
      .where(sql`${turnAudio.turnId} in ${ids}`),
    db.delete(turnAudio).where(sql`${turnAudio.turnId} in ${ids}`),
    db.delete(feedback).where(sql`${feedback.turnId} in ${ids}`),
    db.delete(turn).where(which),
  ] as const
}
