// What the edge needs of the database that outlives its rooms: one interface a family of tables, implemented in edge/store.
// Part of ports.ts, which hands it on.
import type { BlobHash } from '#shared/blob.ts'
import type {
  ApiKeyId,
  ConversationId,
  NodeId,
  PersonaId,
  SessionId,
  TurnId,
  UserId,
  VoiceProfileId,
} from '#shared/ids.ts'
import type { Conversation, ConversationSummary } from '#shared/model/conversation.ts'
import type { Persona } from '#shared/model/persona.ts'
import type { Quota } from '#shared/model/quota.ts'
import type { KeepAudioDays } from '#shared/model/turn-audio.ts'
import type { PastTurn, TurnRecord } from '#shared/model/turn.ts'
import type { EndReason, TtsMode } from '#shared/protocol/session-messages.ts'
import type { Caller, KeyLimits, KeyTerms, Scope } from './ports.ts'
import type { QuotaStanding, QuotaStore } from './quota-port.ts'
import type { AudioStore } from './audio-port.ts'
import type { JobStore, VoiceStore } from './voice-ports.ts'

export interface SessionOpening {
  sessionId: SessionId
  userId: UserId
  /** The conversation to continue; a new one is made when undefined. */
  conversationId: ConversationId | undefined
  personaId: PersonaId
  /** Of the caller's key; the house's own where there are none. */
  limits?: KeyLimits | undefined
  /** Of the sound of its turns; not at all without it. */
  keepAudioDays?: KeepAudioDays | undefined
  now: number
}

export interface SessionStore {
  persona(id: PersonaId): Promise<StoredPersona | undefined>
  /**
   * Opens the session and its conversation in one batch. Throws FaultError not_found for a conversation that is not the
   * user's, conflict where it has a live session, quota_exhausted where nothing is left for another one.
   * `turns`: oldest first, at most MAX_CONTEXT_BYTES, heard text only. `near`: quotas of which most is used already.
   */
  openSession(
    opening: SessionOpening,
  ): Promise<{ conversationId: ConversationId; turns: PastTurn[]; turnCount: number; near: Quota[] }>
  placed(session: {
    sessionId: SessionId
    nodeId: NodeId
    epoch: number
    resumeTokenHash: string
    now: number
  }): Promise<void>
  ended(session: { sessionId: SessionId; reason: EndReason; now: number }): Promise<void>
  /** Sessions that were live when the edge went down are ended, so that their conversations are free. Called at start. */
  endAllLive(now: number): Promise<number>
  /**
   * Ends sessions that are live although they were opened before `openedBefore`: their room could not write the end, and their
   * conversations are to be free. Forgets the resume tokens of all that are over. How many of each.
   */
  sweep(sweeping: { openedBefore: number; now: number }): Promise<{ ended: number; forgotten: number }>
}

/** What nodes have finished, and what only the session room knows. */
export interface TurnStore {
  /**
   * Stores a finished turn and its usage in one batch, once by turn id. A stored turn changes only from cut to complete,
   * and by a correctedText. Throws not_found when the conversation does not exist or is another session's. Gives what is left for
   * the session; undefined where that is over, and the turn is only counted.
   */
  storeTurn(turn: {
    sessionId: SessionId
    conversationId: ConversationId
    record: TurnRecord
    now: number
  }): Promise<QuotaStanding | undefined>
  /** Corrects what was recognised in a turn of an earlier session. Throws not_found where the conversation has no such turn. */
  correctTurn(at: { conversationId: ConversationId; turnId: TurnId }, correctedText: string, now: number): Promise<void>
}

/** Whose things are read: a user's own, or, for an operator, everybody's. */
export type Owner = UserId | 'everybody'

/** One page of a list, the newest first. */
export interface ConversationQuery {
  limit: number
  /** Older than this one of the page before. */
  before?: { updatedAt: number; id: ConversationId } | undefined
  personaId?: PersonaId | undefined
  /** Some of its sound is kept. */
  hasAudio?: boolean | undefined
  /** Changed at or after, and before. */
  from?: number | undefined
  to?: number | undefined
  /** Words that were said in it. */
  text?: string | undefined
}

/** A turn in which the words of a query were found. */
export interface TurnHit {
  conversationId: ConversationId
  turnId: TurnId
  turn: number
  startedAt: number
  part: 'utterance' | 'reply'
  /** The line around the place. */
  text: string
  /** Where in `text` the words are: UTF-16 offsets. */
  hits: Array<[start: number, end: number]>
}

/** What was said on one day (UTC). */
export interface DayStats {
  /** YYYY-MM-DD */
  day: string
  turns: number
  /** Of audio in, and of audio out. */
  inputAudioMs: number
  outputAudioMs: number
  promptTokens: number
  completionTokens: number
  /** Voice to voice; null on a day without a spoken turn. */
  latencyMs: { p50: number; p95: number } | null
}

export interface Feedback {
  vote: 'up' | 'down'
  comment: string | null
}

/** Read by GET /api/conversations and its like. What is another user's is as if it were not there. */
export interface HistoryStore {
  listConversations(owner: Owner, query: ConversationQuery): Promise<ConversationSummary[]>
  /** With its newest turns, oldest first; of those before a turn, where one is given. */
  conversation(
    owner: Owner,
    id: ConversationId,
    page?: { limit: number; before?: { startedAt: number; turn: number } | undefined },
  ): Promise<Conversation | undefined>
  /** Best first; a query too short to rank by, newest first. */
  search(owner: Owner, query: string, limit: number): Promise<TurnHit[]>
  /** Days with turns, newest first; both bounds belong to it. */
  stats(owner: Owner, days: { from: string; to: string }): Promise<DayStats[]>
  /** Makes turns findable that were stored before there was a search; returns how many it did, at most `limit`. */
  indexOlder(limit: number): Promise<number>
}

/** What a user changes of what was said. */
export interface HistoryEdits {
  /** The turn with this ordinal or id, where it is the owner's. */
  turnId(owner: Owner, id: ConversationId, turn: number | TurnId): Promise<TurnId | undefined>
  setFeedback(turnId: TurnId, feedback: Feedback, now: number): Promise<void>
  feedback(turnId: TurnId): Promise<Feedback | undefined>
  /** Turns, words to be found, feedback, sessions: gone. Gives the files they named; `live` while somebody talks in it. */
  deleteConversation(owner: Owner, id: ConversationId): Promise<BlobHash[] | 'live' | 'unknown'>
  /**
   * All that a user said, his usage and his voices, at once; his keys (or `onlyKey`) are revoked and nameless, and their live
   * sessions end with them. Gives the files that his voices named.
   */
  deleteUser(userId: UserId, leaving: { now: number; onlyKey?: ApiKeyId | undefined }): Promise<BlobHash[]>
}

export interface NodeStore {
  /** The node whose token this is. Compared by hash, in constant time. */
  nodeByToken(token: string): Promise<{ nodeId: NodeId; name: string } | undefined>
  addNode(node: { name: string; now: number }): Promise<{ nodeId: NodeId; token: string }>
  listNodes(): Promise<Array<{ nodeId: NodeId; name: string; createdAt: number; revokedAt: number | null }>>
  revokeNode(nodeId: NodeId, now: number): Promise<boolean>
}

/** A key as its owner and the operator see it: never the key itself. */
export interface KeyView extends KeyTerms {
  keyId: ApiKeyId
  userId: UserId
  createdAt: number
  lastUsedAt: number | null
  revokedAt: number | null
}

export interface KeyStore {
  /** The caller whose valid key this is. Compared by hash, in constant time. */
  callerByKey(key: string, now: number): Promise<Caller | undefined>
  /** The caller of a valid key: a browser's cookie names its key, never holds it. */
  callerById(keyId: ApiKeyId, now: number): Promise<Caller | undefined>
  /** Whom an identity provider vouches for; made when he first comes. Undefined where he was revoked, or left after `issuedAt`. */
  callerByIdentity(identity: {
    userId: UserId
    keyId: ApiKeyId
    scopes: Scope[]
    issuedAt: number
    now: number
  }): Promise<Caller | undefined>
  /** For a new user where none is named. */
  createKey(
    key: Pick<KeyTerms, 'name' | 'scopes'> & Partial<KeyTerms> & { userId?: UserId | undefined; now: number },
  ): Promise<{ keyId: ApiKeyId; key: string }>
  /** Of one user, or of all; the newest first. */
  listKeys(userId?: UserId): Promise<KeyView[]>
  /**
   * Another key on the same terms; the old one is good until `oldUntil`. Undefined where the key is not valid, or not the
   * user's.
   */
  rotateKey(
    keyId: ApiKeyId,
    rotation: { userId?: UserId | undefined; oldUntil: number; now: number },
  ): Promise<{ keyId: ApiKeyId; key: string } | undefined>
  /** False where it was revoked already, or is not the user's. */
  revokeKey(keyId: ApiKeyId, now: number, userId?: UserId): Promise<boolean>
  /** Keys that stopped being good, by revocation or by expiry, after `since` and until `now`. */
  endedKeys(since: number, now: number): Promise<ApiKeyId[]>
}

/** A persona as its operator keeps it: what the node is told, and how sessions with it begin. */
export interface StoredPersona extends Persona {
  /** Of sessions that ask for none. */
  ttsMode: TtsMode
  voiceProfileId: VoiceProfileId | null
  keepAudioDays: KeepAudioDays
}

export interface PersonaStore {
  /** By name. */
  listPersonas(): Promise<StoredPersona[]>
  persona(id: PersonaId): Promise<StoredPersona | undefined>
  addPersona(persona: Omit<StoredPersona, 'id'>, now: number): Promise<PersonaId>
  /** False where there is none. */
  changePersona(id: PersonaId, change: Partial<Omit<StoredPersona, 'id'>>): Promise<boolean>
  /** `used`: conversations were held with it, which keep it. */
  removePersona(id: PersonaId): Promise<'removed' | 'used' | 'unknown'>
}

/** Everything that outlives the rooms. */
export interface Store {
  sessions: SessionStore
  turns: TurnStore
  history: HistoryStore
  edits: HistoryEdits
  nodes: NodeStore
  keys: KeyStore
  personas: PersonaStore
  audio: AudioStore
  voices: VoiceStore
  jobs: JobStore
  quotas: QuotaStore
  /** Resolves when the database answers. */
  ping(): Promise<void>
}
