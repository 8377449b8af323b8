// What the pure edge (app, rooms, stores) needs from its host. Implemented once in runtime/node, once in
// runtime/workers. No runtime's type is named here.
import type { Context, MiddlewareHandler } from 'hono'
import type { Store } from '#edge/store/store.ts'
import type { Quotas } from '#edge/store/quotas.ts'
import type { BlobHash } from '#shared/blob.ts'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { Caller } from '#shared/model/caller.ts'
import type { Fleet, Sessions, Upgrades } from './rooms-ports.ts'

// --- files ---

/**
 * Files by the SHA-256 of their content; edge/runtime/node keeps them in a folder, edge/runtime/workers in R2. A file
 * that is there is complete: a put that fails leaves nothing that get() or head() would find.
 */
export interface Blobs {
  /** Throws FaultError too_large over MAX_BLOB_BYTES, invalid_message where the content has another hash. */
  put(hash: BlobHash, body: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<{ bytes: number; isNew: boolean }>
  head(hash: BlobHash): Promise<{ bytes: number } | undefined>
  /** The whole file, or `length` bytes from `offset`, which must lie within it. */
  get(hash: BlobHash, range?: ByteRange): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined>
  /** Also succeeds for a file that is not there. */
  delete(hash: BlobHash): Promise<void>
  /** Removes what unfinished puts left that began before this time; returns how many. */
  sweep(before: number): Promise<number>
  /** Files whose names begin with `prefix` and that were last put before this time. */
  putBefore(before: number, prefix: string): Promise<BlobHash[]>
}

export interface ByteRange {
  offset: number
  length: number
}

// --- limits ---

/** The answer to taking a token. */
export interface Taken {
  ok: boolean
  /** 0 where a token was taken. */
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

// --- metrics ---

/** Counters, gauges and histograms, in Prometheus' sense; on Node by prom-client. */
export interface Metrics {
  count(name: MetricName, labels?: Record<string, string>): void
  observe(name: DurationName, ms: number, labels?: Record<string, string>): void
  /** Sets a gauge to its value at the moment of the reading. */
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
  | 'tasks_ended'
export type GaugeName = 'nodes' | 'slots' | 'slots_free' | 'sessions_live'
export type DurationName =
  | 'http_request'
  | 'session_setup'
  | 'turn_voice_to_voice'
  | 'turn_stage'
  | 'task_wait'
  | 'task_run'

// --- settings and the rest ---

export interface EdgeSettings {
  /** Version shown by /health and /api/system/info. */
  version: string
  /** Token of GET /metrics; without it the route answers 404. */
  metricsToken: string | undefined
  /** Signs the browser's cookie and the sign-in codes; 32 random bytes, base64url. */
  signingSecret: string
  /**
   * Where the browser reaches this edge when a proxy stands before it, e.g. https://voice.example.org; else the Host
   * header counts.
   */
  publicOrigin: string | undefined
  /** Origins of other sites whose pages may read the API with a key. */
  corsOrigins: string[]
  /** Requests of one network address in a minute; 0 for no limit, where a proxy in front counts them. */
  addressRate: number
  /** The quotas that the store applies; /docs shows them. */
  quotas: Quotas
  runtime: string
  startedAt: number
}

/** What does tasks (edge/tasks): in this process on Node, in one object on Workers. */
export interface Tasks {
  /** There may be one to be taken. Called after the batch that plans it; where the call is lost, it is found later. */
  wake(): void
}

/** Checks the tokens of the operator's identity provider. */
export interface Identities {
  /** Undefined for a token that is not valid. Throws FaultError unavailable where the provider cannot be reached. */
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
  tasks: Tasks
  metrics: Metrics
  settings: EdgeSettings
  /** Undefined where the network before the host compresses. */
  compress?: MiddlewareHandler | undefined
  /** Undefined where the operator has no identity provider. */
  identities?: Identities | undefined
  /** The network address that a request came from. Requests and failed sign-ins are counted by it. */
  addressOf(c: Context): string
}
