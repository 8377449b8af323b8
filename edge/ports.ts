// What the pure edge (app, rooms, stores) needs from its host. Implemented once in runtime/node, once in runtime/workers.
// No runtime's type is named here.
import type { Context, MiddlewareHandler } from 'hono'
import type { BlobHash } from '#shared/blob.ts'
import type { Clock } from '#shared/clock.ts'
import type { ApiKeyId, NodeId, SessionId, UserId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { EngineWishes } from '#shared/model/engine.ts'
import type { NodeStatus } from '#shared/protocol/node-messages.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import type { Blobs } from './blob-port.ts'
import type { Upgrades } from './socket-ports.ts'
import type { Quotas, QuotaStanding } from './quota-port.ts'
import type { Store } from './store-ports.ts'

export type * from './store-ports.ts'
export type * from './voice-ports.ts'
export type * from './audio-port.ts'

export type * from './quota-port.ts'

export type { Blobs, ByteRange } from './blob-port.ts'
export type { CallerAdmission, NodeAdmission, RoomSocket, Upgrades } from './socket-ports.ts'

// --- callers ---

/** What a key may be allowed. admin: everybody's things, keys and nodes. */
export const SCOPES = ['talk', 'history:read', 'history:write', 'voices', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** What a key may use; the house's own limits where a field is absent. */
export interface KeyLimits {
  /** Every rate of the routes, times this. */
  rateFactor?: number | undefined
  /** Sessions at once of its user. */
  sessions?: number | undefined
  /** Of its user and day (UTC). */
  tokensPerDay?: number | undefined
  audioMsPerDay?: number | undefined
}

/** What makes a key, beside its secret. */
export interface KeyTerms {
  name: string
  scopes: Scope[]
  /** Web origins whose pages may use it; null for any, and for programs. */
  origins: string[] | null
  /** Not valid from this time on; null for ever. */
  expiresAt: number | null
  limits: KeyLimits
}

/** Who a caller is, once authenticated. */
export interface Caller extends Pick<KeyTerms, 'scopes' | 'origins' | 'limits'> {
  userId: UserId
  keyId: ApiKeyId
  /** Of a token of an identity provider: what it allows, and until when. Whatever is derived from it is held to both. */
  token?: { scopes: Scope[]; until: number }
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
  /** Offers the session in turn to the nodes that have the `engines`. Throws FaultError no_capacity when none takes it. */
  place(offer: {
    sessionId: SessionId
    epoch: number
    ticket: string
    expiresAt: number
    engines?: EngineWishes | undefined
  }): Promise<NodeId>
  /**
   * Before a deployment: every call on a node and every node is told to come back no earlier than so long from now, and its
   * sockets are closed. Both resume, the calls go on. How many were told.
   */
  goAway(retryAfterMs: number): Promise<{ nodes: number; sessions: number }>
  /**
   * Asks a node that is here. Rejects with FaultError not_found where it is not, node_lost, deadline_exceeded, or as the node
   * answers.
   */
  request(request: { nodeId: NodeId; method: string; params?: unknown; deadlineMs: number }): Promise<unknown>
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
  /** What the newest turn of a session has left of its user's quotas, where that is little or nothing. */
  metered(sessionId: SessionId, standing: QuotaStanding): Promise<void>
  /** These keys are good no more: sessions that were opened with one of them end. */
  keysEnded(keyIds: ApiKeyId[]): Promise<void>
}

// --- the rest ---

/** What came of taking a token. */
export interface Taken {
  ok: boolean
  /** 0 where there was one. */
  retryAfterMs: number
  /** Whole tokens that are left. */
  remaining: number
  /** Until the bucket is full again. */
  resetMs: number
}

/** Single-use secrets and token buckets: small JSON state with one owner. */
export interface Limits {
  /** Takes one token of the bucket; Infinity-free numbers only. */
  take(bucket: string, rule: { capacity: number; perMinute: number }, now: number): Promise<Taken>
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
  | 'safety_decisions'
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
  /** Origins of other sites whose pages may read the API with a key. */
  corsOrigins: string[]
  /** A minute's requests of one network address; 0 for any number, where a proxy counts. */
  addressRate: number
  /** As the store has them: /docs tells of them. */
  quotas: Quotas
  runtime: string
  startedAt: number
}

/** Work on voices that goes on after the answer. */
export interface VoiceJobs {
  /** There may be voices to prepare. */
  begin(): void
  /** Nodes drop what they made of these files. */
  forget(files: readonly BlobHash[]): void
}

/** Callers by the tokens of the operator's identity provider. */
export interface Identities {
  /** Undefined for a token that is not good. Throws FaultError unavailable where the provider cannot be asked. */
  callerOf(token: string, now: number): Promise<Caller | undefined>
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
  voiceJobs: VoiceJobs
  metrics: Metrics
  settings: EdgeSettings
  /** Undefined where the network before the host compresses. */
  compress?: MiddlewareHandler | undefined
  /** Undefined where the operator has no identity provider. */
  identities?: Identities | undefined
  /** The network address that a request came from: what failed sign-ins are counted by. */
  addressOf(c: Context): string
}
