// A client of another wire than parley.chat.v1: it stands at the edge between its own socket and the session room, speaks
// parley.chat.v1 to the room by a LinkEnd of its own, and translates. To the room it is a socket. Each wire has a folder here.
//
// Its far end has no numbers to resume by, so a client that is made anew takes them from the room: what it says begins after
// `session.resumed.received`, and what it hears begins at the first number that comes (LinkEndOptions.isRecovered). The room sends
// both only once the node is back. Where the memory was lost (`wasForgotten`), so is what an earlier client had said and the node
// had not acknowledged: its text is said again from `kept`, its microphone audio is told to the far end as cleared.
import type { RoomSocket } from '#edge/rooms-ports.ts'
import type { Clock } from '#shared/clock.ts'
import type { Frame } from '#shared/link/frame.ts'

export interface Client extends RoomSocket {
  /** A frame of its far end. */
  message(frame: Frame): void
  /** Its far end's socket is gone: its timers stop. */
  closed(): void
}

export interface ClientParts {
  clock: Clock
  /** To its far end. */
  socket: RoomSocket
  /** Hands the room a frame of parley.chat.v1. It arrives after what the room does now, and in order. */
  toRoom(frame: Frame): void
  /** Undefined for a new session. */
  earlier: EarlierClient | undefined
}

export interface EarlierClient {
  /** See RoomSocket.kept; undefined where there was none, or it kept nothing. */
  kept: string | undefined
  /** The room's memory was lost since then. */
  wasForgotten: boolean
}

/** Makes the client of one upgrade. */
export type MakeClient = (parts: ClientParts) => Client

/** The clients by the name of their wire: see CallerAdmission. */
export type Wires = Readonly<Record<string, MakeClient>>

/** Wires of this edge beside parley.chat.v1. */
export const WIRES: Wires = {}
