// Sends both ends of a session away, each on its own wire: to come back, or for good. Used by session-room.ts.
import type { RoomPeer } from '#edge/room-peer.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { Fault } from '#shared/fault.ts'
import { CLOSE_NORMAL, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import type { EdgeSessionMessage } from '#shared/protocol/session-messages.ts'
import { tryAll } from './try-all.ts'

export interface Peers {
  caller: RoomPeer | undefined
  node: RoomPeer | undefined
}

interface Leaving {
  retryAfterMs: number
  /** Whether both sockets are closed: what is on its way to them is sent again after the resume. */
  closes: boolean
}

export function sendAway({ caller, node }: Peers, { retryAfterMs, closes }: Leaving): void {
  const goaway = JSON.stringify({ type: 'goaway', retryAfterMs } satisfies ChatDown & EdgeSessionMessage)
  for (const peer of [caller, node]) {
    peer?.send(goaway)
    if (closes) peer?.close(CLOSE_RESUME, 'goaway')
  }
}

/** The session is over: both sockets close, the caller's with what was wrong. */
export function hangUp({ caller, node }: Peers, fault: Fault | undefined): void {
  tryAll([
    () => caller?.close(fault ? FAULT_TABLE[fault.code].close : CLOSE_NORMAL, fault?.code ?? 'session ended'),
    () => node?.close(CLOSE_NORMAL, 'session ended'),
  ])
}
