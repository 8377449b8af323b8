// parley.chat.v1 as a client codec: the caller's wire and the session's messages are the same, so relayed frames pass
// as they are. Chosen in edge/runtime; knows no room.
import type { CallerSays, ClientCodec } from '#edge/session/client-codec.ts'
import type { Frame } from '#shared/link/frame.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { ChatUp } from '#shared/protocol/chat-messages.ts'
import { decode } from '#shared/protocol/decode.ts'
import { MAX_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import { numberOf } from '#shared/protocol/number-of.ts'
import { ok, type Result } from '#shared/result.ts'

export const chatCodec: ClientCodec = {
  read: (frame, inputRate) => (typeof frame === 'string' ? readText(frame) : readAudio(frame, inputRate)),
  write: (message) => JSON.stringify(message),
  relay: (frame) => frame,
  numberOf: (frame) => numberOf(frame, MAX_MESSAGE_BYTES),
}

function readText(frame: string): Result<CallerSays> {
  const read = decode(ChatUp, frame, MAX_MESSAGE_BYTES)
  if (!read.ok) return read
  const message = read.value
  switch (message.type) {
    case 'session.start':
      return ok({ type: 'start', start: message })
    case 'session.end':
      return ok({ type: 'end' })
    case 'ack':
      return ok({ type: 'ack', received: message.received })
    default:
      return ok({ type: 'message', seq: message.seq, message, frame })
  }
}

function readAudio(frame: Exclude<Frame, string>, inputRate: number): Result<CallerSays> {
  const read = decodeAudioFrame(frame, inputRate)
  return read.ok ? ok({ type: 'audio', seq: read.value.sequence, frame }) : read
}
