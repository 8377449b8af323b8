// What the pure edge (app, rooms, stores) needs from its host. Implemented once in runtime/node, once in runtime/workers.
// No runtime's type is named here.
import type { Context } from 'hono'
import type { Clock } from '#shared/clock.ts'
import type { ApiKeyId, ConversationId, NodeId, PersonaId, SessionId, TurnId, UserId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { Conversation, ConversationSummary } from '#shared/model/conversation.ts'
import type { Persona } from '#shared/model/persona.ts'
import type { PastTurn, TurnRecord } from '#shared/model/turn.ts'
import type { NodeStatus } from '#shared/protocol/node-messages.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import type { Blobs } from './blob-port.ts'
import type { Upgrades } from './socket-ports.ts'

export type { Blobs, ByteRange } from './blob-port.ts'
export type { CallerAdmission, NodeAdmission, RoomSocket, Upgrades } from './socket-ports.ts'

// --- callers ---

/** What a key may be allowed. */
export const SCOPES = ['talk', 'history:read', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** Who a caller is, once authenticated. */
export interface Caller {
  userId: UserId
  keyId: ApiKeyId
  scopes: Scope[]
}

// --- rooms, as the routes and each other see them ---

/** One node as the fleet room sees it. */
export interface NodeView extends NodeStatus {
  nodeId: NodeId
  name: string
  version: string
  connectedAt: number
  draining: boolean
}

/** The fleet room, from outside. */
export interface Fleet {
  nodes(): Promise<NodeView[]>
  /** Offers the session to the nodes in turn. Throws FaultError no_capacity when none takes it. */
  place(offer: { sessionId: SessionId; epoch: number; ticket: string; expiresAt: number }): Promise<NodeId>
  /**
   * Before a deployment: every call on a node and every node is told to come back no earlier than so long from now, and its
   * sockets are closed. Both resume, the calls go on. How many were told.
   */
  goAway(retryAfterMs: number): Promise<{ nodes: number; sessions: number }>
  /** The session is over: its node frees the slot. */
  release(sessionId: SessionId, reason: EndReason): Promise<void>
}

/** The session rooms, from outside. */
export interface Sessions {
  /** Live sessions of this edge. */
  count(): Promise<number>
  /** See Fleet.goAway. */
  goAway(sessions: SessionId[], retryAfterMs: number): Promise<void>
  /** The node is gone: every session on it is told. */
  nodeLost(nodeId: NodeId, sessions: SessionId[]): Promise<void>
}

// --- store ---

export interface SessionOpening {
  sessionId: SessionId
  userId: UserId
  /** The conversation to continue; a new one is made when undefined. */
  conversationId: ConversationId | undefined
  personaId: PersonaId
  now: number
}

/** What the session room keeps in libSQL. */
export interface SessionStore {
  persona(id: PersonaId): Promise<Persona | undefined>
  /**
   * Opens the session and its conversation in one batch. Throws FaultError not_found for a conversation that is not the
   * user's, conflict where it has a live session. `turns`: oldest first, at most MAX_CONTEXT_BYTES, heard text only.
   */
  openSession(
    opening: SessionOpening,
  ): Promise<{ conversationId: ConversationId; turns: PastTurn[]; turnCount: number }>
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

/** What the rooms keep of turns: the fleet room what nodes have finished, the session room what only it knows. */
export interface TurnStore {
  /**
   * Stores a finished turn and its usage in one batch, once by turn id. A stored turn changes only from cut to complete,
   * and by a correctedText. Throws not_found when the conversation does not exist or is another session's.
   */
  storeTurn(turn: {
    sessionId: SessionId
    conversationId: ConversationId
    record: TurnRecord
    now: number
  }): Promise<void>
  /** Corrects what was recognised in a turn of an earlier session. Throws not_found where the conversation has no such turn. */
  correctTurn(at: { conversationId: ConversationId; turnId: TurnId }, correctedText: string, now: number): Promise<void>
}

export interface HistoryStore {
  listConversations(userId: UserId, page: { limit: number; before?: number }): Promise<ConversationSummary[]>
  conversation(userId: UserId, id: ConversationId): Promise<Conversation | undefined>
}

export interface NodeStore {
  /** The node whose token this is. Compared by hash, in constant time. */
  nodeByToken(token: string): Promise<{ nodeId: NodeId; name: string } | undefined>
  addNode(node: { name: string; now: number }): Promise<{ nodeId: NodeId; token: string }>
  listNodes(): Promise<Array<{ nodeId: NodeId; name: string; createdAt: number; revokedAt: number | null }>>
  revokeNode(nodeId: NodeId, now: number): Promise<boolean>
}

export interface KeyStore {
  /** The caller whose key this is. Compared by hash, in constant time. */
  callerByKey(key: string, now: number): Promise<Caller | undefined>
  createKey(key: {
    name: string
    scopes: Scope[]
    userId?: UserId
    now: number
  }): Promise<{ keyId: ApiKeyId; key: string }>
  listKeys(): Promise<
    Array<{
      keyId: ApiKeyId
      userId: UserId
      name: string
      scopes: Scope[]
      createdAt: number
      lastUsedAt: number | null
      revokedAt: number | null
    }>
  >
  revokeKey(keyId: ApiKeyId, now: number): Promise<boolean>
  /** The caller of a key that is not revoked: a browser's cookie names its key, never holds it. */
  callerById(keyId: ApiKeyId): Promise<Caller | undefined>
}

/** What the routes read of the personas. */
export interface PersonaStore {
  listPersonas(): Promise<Persona[]>
}

/** Everything that outlives the rooms. */
export interface Store {
  sessions: SessionStore
  turns: TurnStore
  history: HistoryStore
  nodes: NodeStore
  keys: KeyStore
  personas: PersonaStore
  /** Resolves when the database answers. */
  ping(): Promise<void>
}

// --- the rest ---

/** Single-use secrets and token buckets: small JSON state with one owner. */
export interface Limits {
  /** Takes one token of the bucket; Infinity-free numbers only. */
  take(
    bucket: string,
    rule: { capacity: number; perMinute: number },
    now: number,
  ): Promise<{ ok: boolean; retryAfterMs: number }>
  /** Keeps a single-use secret with its claim. */
  mint(secretHash: string, claim: string, expiresAt: number): Promise<void>
  /** Returns the claim once, and never again; undefined when unknown, used or expired. */
  burn(secretHash: string, now: number): Promise<string | undefined>
}

/** Counters, gauges and histograms, in Prometheus' sense; on Node by prom-client. */
export interface Metrics {
  count(name: MetricName, labels?: Record<string, string>): void
  observe(name: DurationName, ms: number, labels?: Record<string, string>): void
  /** Sets a gauge: what is so at the moment of the reading. */
  set(name: GaugeName, value: number): void
  /** Prometheus text exposition. */
  text(): Promise<string>
  readonly contentType: string
}
export type MetricName =
  | 'sessions_opened'
  | 'sessions_ended'
  | 'turns_stored'
  | 'faults'
  | 'http_requests'
  | 'node_connections'
  | 'placements'
export type GaugeName = 'nodes' | 'slots' | 'slots_free' | 'sessions_live'
export type DurationName = 'http_request' | 'session_setup' | 'turn_voice_to_voice' | 'turn_stage'

export interface EdgeSettings {
  /** Version shown by /health and /api/system/info. */
  version: string
  /** Token of GET /metrics; without it the route answers 404. */
  metricsToken: string | undefined
  /** Signs the browser's cookie and the sign-in codes; 32 random bytes, base64url. */
  signingSecret: string
  /** Where the browser reaches this edge when a proxy stands before it, e.g. https://voice.example.org; else the Host header counts. */
  publicOrigin: string | undefined
  runtime: string
  startedAt: number
}

/** Everything that createApp() needs. */
export interface EdgePorts {
  clock: Clock
  log: Log
  store: Store
  fleet: Fleet
  sessions: Sessions
  upgrades: Upgrades
  limits: Limits
  blobs: Blobs
  metrics: Metrics
  settings: EdgeSettings
  /** The network address that a request came from: what failed sign-ins are counted by. */
  addressOf(c: Context): string
}
