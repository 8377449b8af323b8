// Sends both ends of a session away, each on its own wire: to come back, or for good. Used by session-room.ts.
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { Fault } from '#shared/fault.ts'
import { CLOSE_NORMAL, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import type { EdgeSessionMessage } from '#shared/protocol/session-messages.ts'
import type { ClientCodec } from './client-codec.ts'
import type { Peer } from './peer.ts'

interface Peers {
  caller: Peer | undefined
  node: Peer | undefined
}

interface Leaving {
  codec: ClientCodec
  retryAfterMs: number
  /** Whether both sockets are closed: what is on its way to them is sent again after the resume. */
  closes: boolean
}

export function sendAway({ caller, node }: Peers, { codec, retryAfterMs, closes }: Leaving): void {
  caller?.send(codec.write({ type: 'goaway', retryAfterMs }))
  node?.send(JSON.stringify({ type: 'goaway', retryAfterMs } satisfies EdgeSessionMessage))
  if (closes) for (const peer of [caller, node]) peer?.close(CLOSE_RESUME, 'goaway')
}

/** The session is over: both sockets close, the caller's with what was wrong. */
export function hangUp({ caller, node }: Peers, fault: Fault | undefined): void {
  caller?.close(fault ? FAULT_TABLE[fault.code].close : CLOSE_NORMAL, fault?.code ?? 'session ended')
  node?.close(CLOSE_NORMAL, 'session ended')
}
