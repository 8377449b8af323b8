// The types of a connection that is to be kept: where it stands, what may happen to it, what is then to be done.
// dial-reduce.ts has the transitions. Both sockets of the tunnel are kept by it: control for ever, data for a bounded time
// after each loss.
import type { ConnectionEnd } from './refusal.ts'

export type DialState =
  | { type: 'idle' }
  /** `lostAt`: since when there has been no connection. */
  | { type: 'dialling'; lostAt: number }
  | { type: 'open' }
  | { type: 'waiting'; lostAt: number }
  /** `gaveUp`: how the last connection ended, where it was not the owner who stopped. */
  | { type: 'stopped'; gaveUp?: ConnectionEnd }

export type DialEvent =
  | { type: 'start' }
  | { type: 'opened' }
  | { type: 'ended'; end: ConnectionEnd; isPermanent: boolean }
  /** The wait before the next dial is over. */
  | { type: 'due' }
  /** A bug of ours. `end`: as which it counts. */
  | { type: 'broke'; end: ConnectionEnd; isPermanent: boolean }
  /** The owner wants it no more. */
  | { type: 'stop' }

export type DialEffect =
  | { type: 'dial' }
  /** The connection is open: it is kept alive, and its owner gets it. */
  | { type: 'serve' }
  /** `leftMs`: until the connection has been away for too long. */
  | { type: 'wait'; retryAfterMs: number | undefined; leftMs: number }
  /** The connection was open and is gone: what it carried must wait. */
  | { type: 'lost'; end: ConnectionEnd }
  /** No further dial: refused for good, or away for too long. Not after the owner's own stop. */
  | { type: 'giveUp'; end: ConnectionEnd }
  /** The socket, with the closing handshake, or the wait for the next. */
  | { type: 'close' }
  /** The socket, at once. */
  | { type: 'cut' }

export interface DialRule {
  now: number
  /** How long the connection may be away; Infinity to try for ever. */
  giveUpAfterMs: number
}

export interface DialStep {
  state: DialState
  effects: DialEffect[]
}
