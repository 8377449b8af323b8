// What comes down the caller's socket: read once, counted by the link, handed on exactly once and in order.
import { pcmFromBytes } from '#shared/audio/pcm.ts'
import type { Fault } from '#shared/fault.ts'
import type { LinkEnd } from '#shared/link/link-end.ts'
import { readAck } from '#shared/protocol/ack.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { ChatDown } from '#shared/protocol/chat-messages.ts'
import { decode, PING, PONG } from '#shared/protocol/decode.ts'
import { MAX_NODE_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import { numberOf } from '#shared/protocol/number-of.ts'
import type { Frame } from '#shared/link/frame.ts'

export interface InboxOptions {
  link: LinkEnd
  outputRate: number
  transmit(text: string): void
  /** A number is missing: the connection must be made anew, so that it is sent again. */
  onGap: () => void
  onUnreadable: (fault: Fault) => void
  onMessage: (message: ChatDown) => void
  onAudio: (turn: number, pcm: Int16Array) => void
}

export interface Inbox {
  take(data: string | ArrayBuffer): void
}

export function createInbox(options: InboxOptions): Inbox {
  const { link } = options

  function isNew(seq: number): boolean {
    const verdict = link.accept(seq)
    if (verdict === 'gap') options.onGap()
    return verdict === 'new'
  }

  function takeText(text: string): void {
    if (text === PING) return options.transmit(PONG)
    if (text === PONG) return
    const acked = readAck(text)
    if (acked !== undefined) return link.acked(acked)
    const decoded = decode(ChatDown, text, MAX_NODE_MESSAGE_BYTES)
    if (!decoded.ok) return unreadable(decoded.fault, text)
    const message = decoded.value
    if (message.type === 'ack') return link.acked(message.received)
    if ('seq' in message && message.seq !== undefined && !isNew(message.seq)) return
    if (message.type !== 'message.skipped') options.onMessage(message)
  }

  /** Its number counts as taken where it can be read: sent again it would be as unreadable, for ever. */
  function unreadable(fault: Fault, frame: Frame): void {
    const seq = numberOf(frame, MAX_NODE_MESSAGE_BYTES)
    if (seq === undefined || isNew(seq)) options.onUnreadable(fault)
  }

  function takeAudio(bytes: Uint8Array<ArrayBuffer>): void {
    const frame = decodeAudioFrame(bytes, options.outputRate)
    if (!frame.ok) return unreadable(frame.fault, bytes)
    if (!isNew(frame.value.sequence)) return
    const pcm = pcmFromBytes(frame.value.pcm)
    if (pcm.ok) options.onAudio(frame.value.turn, pcm.value)
  }

  return { take: (data) => (typeof data === 'string' ? takeText(data) : takeAudio(new Uint8Array(data))) }
}
