// Seats a client of another wire in the room of its session. Used by both hosts, at each upgrade; knows no wire.
import type { RoomSocket } from '#edge/rooms-ports.ts'
import type { Clock } from '#shared/clock.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { Frame } from '#shared/link/frame.ts'
import type { Client, EarlierClient, MakeClient } from './client.ts'

/** The part of a session room that is used here. */
export interface ClientRoom {
  readonly earlierClient: EarlierClient
  connect(socket: RoomSocket, seat: { end: 'caller'; resumes?: { received: undefined } | undefined }): void
  message(socket: RoomSocket, frame: Frame): void
  close(socket: RoomSocket, code: number): void
  verb(run: () => void): void
}

/** One socket in its room, as the host of the socket drives it. */
export interface Seated {
  message(frame: Frame): void
  close(code: number): void
}

export interface ClientSeat {
  make: MakeClient
  socket: RoomSocket
  clock: Clock
  isResume: boolean
  /** Runs one verb of the room after another. */
  post: (verb: (room: ClientRoom) => void) => void
}

/** A bug in the client ends its session, as one in the room does. */
export function seatClient({ make, socket, clock, isResume, post }: ClientSeat): Seated {
  let client: Client | undefined
  // Not at once: the room may be in the middle of what it says to this client.
  const toRoom = (frame: Frame): void => queueMicrotask(() => post((room) => client && room.message(client, frame)))
  post((room) => {
    room.verb(() => {
      client = make({ clock, socket, toRoom, earlier: isResume ? room.earlierClient : undefined })
      room.connect(client, { end: 'caller', resumes: isResume ? { received: undefined } : undefined })
    })
    if (!client) socket.close(FAULT_TABLE.internal.close, 'internal')
  })
  return {
    message: (frame) => post((room) => room.verb(() => client?.message(frame))),
    close: (code) =>
      post((room) => {
        room.verb(() => client?.closed())
        if (client) room.close(client, code)
      }),
  }
}
