// The port between a session room and the wire of one kind of client. Implemented in edge/clients, chosen in
// edge/runtime. A codec knows its wire only: no state of a session, no link.
import type { Frame } from '#shared/link/frame.ts'
import type { ChatDown, SessionStart } from '#shared/protocol/chat-messages.ts'
import type { UpMessage } from '#shared/protocol/session-messages.ts'
import type { Result } from '#shared/result.ts'

/** What a caller's frame says. `frame` is what goes to the node, unchanged where the wires agree. */
export type CallerSays =
  | { type: 'start'; start: SessionStart }
  | { type: 'end' }
  | { type: 'ack'; received: number }
  | { type: 'message'; seq: number; message: UpMessage; frame: Frame }
  | { type: 'audio'; seq: number; frame: Frame }

export interface ClientCodec {
  /** `inputRate`: the agreed rate of the caller's audio, which bounds a frame. */
  read(frame: Frame, inputRate: number): Result<CallerSays>
  /** A message that the edge makes itself. */
  write(message: ChatDown): Frame
  /** A frame of the node on its way to the caller. */
  relay(frame: Frame): Frame
  /** The link's number in a frame that read() refused; undefined where it cannot be known. */
  numberOf(frame: Frame): number | undefined
}
