// The wire of one session at the node: joins the data socket with the resumable link, and frames with typed messages.
// Owned by NodeSession. Knows parley.session.v1; knows no turn and not when a session ends.
import { pcmAsBytes, pcmFromBytes } from '#shared/audio/pcm.ts'
import { publicFault } from '#shared/fault-table.ts'
import type { Fault } from '#shared/fault.ts'
import type { Frame } from '#shared/link/frame.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import type { Log } from '#shared/log.ts'
import { readAck } from '#shared/protocol/ack.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { decode } from '#shared/protocol/decode.ts'
import { MAX_NODE_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import { numberOf } from '#shared/protocol/number-of.ts'
import type {
  EndReason,
  NodeSessionMessage,
  SessionBegin,
  UnnumberedDown,
  UnnumberedUp,
} from '#shared/protocol/session-messages.ts'
import { EdgeSessionMessage } from '#shared/protocol/session-messages.ts'
import type { DataLinkOptions } from '#gpu-node/tunnel/data-link.ts'
import { DataLink } from '#gpu-node/tunnel/data-link.ts'

export interface SessionLinkEvents {
  onBegin: (begin: SessionBegin) => void
  onMessage: (message: UnnumberedUp) => void
  onAudio: (pcm: Int16Array) => void
  onEnd: (reason: EndReason) => void
  /** The far end has taken everything that was sent. */
  onDelivered: () => void
  onOverflow: (fault: Fault) => void
  onGone: (reason: string) => void
}

export type SessionLinkOptions = Omit<DataLinkOptions, 'received' | 'onOpen' | 'onFrame' | 'onLost' | 'onGone'>

/** A link that has begun. */
interface Begun {
  end: LinkEnd
  inputRate: number
}

export class SessionLink {
  readonly #options: SessionLinkOptions
  readonly #events: SessionLinkEvents
  readonly #log: Log
  readonly #socket: DataLink
  #begun: Begun | undefined
  /** Sends on the connection that is open now. */
  #send: ((frame: Frame) => void) | undefined
  #isDelivering = false

  constructor(options: SessionLinkOptions, events: SessionLinkEvents) {
    this.#options = options
    this.#events = events
    this.#log = options.log
    this.#socket = new DataLink({
      ...options,
      received: () => this.#begun?.end.received ?? 0,
      onOpen: (connection) => {
        this.#send = (frame) => connection.send(frame)
      },
      onFrame: (frame) => this.#received(frame),
      onLost: (end) => this.#lost(end.reason),
      onGone: (end) => {
        this.#begun?.end.close()
        events.onGone(end.reason)
      },
    })
  }

  start(): void {
    this.#socket.start()
  }

  /** Numbered, kept until acknowledged, sent again where needed. */
  send(message: UnnumberedDown): void {
    this.#begun?.end.sendMessage(message)
  }

  sendAudio(turn: number, pcm: Int16Array): void {
    this.#begun?.end.sendAudio(turn, pcmAsBytes(pcm))
  }

  /** For this leg only: neither numbered nor kept. */
  say(message: Extract<NodeSessionMessage, { type: 'session.begun' | 'session.failed' }>): void {
    this.#send?.(JSON.stringify(message))
  }

  /** From now on onDelivered() is called, once, when nothing is outstanding. */
  deliver(): void {
    this.#isDelivering = true
    this.#checkDelivered()
  }

  close(): void {
    this.#begun?.end.close()
    this.#socket.stop()
    this.#send = undefined
  }

  #lost(reason: string): void {
    this.#log.info({ reason }, 'lost the data socket')
    this.#send = undefined
    this.#begun?.end.detach()
  }

  #received(frame: Frame): void {
    if (typeof frame !== 'string') return this.#audio(frame)
    const acked = readAck(frame)
    if (acked !== undefined) return this.#acked(acked)
    const decoded = decode(EdgeSessionMessage, frame, MAX_NODE_MESSAGE_BYTES)
    if (!decoded.ok) return this.#unreadable(decoded.fault, frame)
    const message = decoded.value
    switch (message.type) {
      case 'session.begin':
        return this.#begin(message)
      case 'session.resumed':
        return this.#resumed(message.received, message.resumeToken)
      case 'session.end':
        return this.#events.onEnd(message.reason)
      case 'goaway':
        return this.#socket.goAway(message.retryAfterMs)
      case 'fault':
        return this.#log.warn({ code: message.code, issues: message.issues }, 'the edge answered with a fault')
      case 'ack':
        return this.#acked(message.received)
      case 'message.skipped':
        return void this.#isNew(message.seq)
      default: {
        const { seq, ...unnumbered } = message
        if (this.#isNew(seq)) this.#events.onMessage(unnumbered)
      }
    }
  }

  #begin(begin: SessionBegin): void {
    if (this.#begun) return this.#log.warn({}, 'the edge began the session twice')
    const { clock } = this.#options
    const end = new LinkEnd({ clock, firstSeq: begin.nextSeq, onOverflow: this.#events.onOverflow })
    this.#begun = { end, inputRate: begin.audio.inputRate }
    this.#socket.resumeWith(begin.resumeToken)
    if (this.#send) end.attach(this.#send)
    this.#events.onBegin(begin)
  }

  #resumed(received: number, resumeToken: string): void {
    this.#socket.resumeWith(resumeToken)
    if (this.#send) this.#begun?.end.attach(this.#send, received)
    this.#checkDelivered()
  }

  #acked(received: number): void {
    if (!this.#begun) return
    this.#begun.end.acked(received)
    this.#checkDelivered()
  }

  #checkDelivered(): void {
    if (!this.#isDelivering || !this.#begun?.end.isFlushed) return
    this.#isDelivering = false
    this.#events.onDelivered()
  }

  #audio(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#begun) return this.#log.warn({}, 'audio before session.begin')
    const frame = decodeAudioFrame(bytes, this.#begun.inputRate)
    if (!frame.ok) return this.#unreadable(frame.fault, bytes)
    const pcm = pcmFromBytes(frame.value.pcm)
    if (this.#isNew(frame.value.sequence) && pcm.ok) this.#events.onAudio(pcm.value)
  }

  /** Its number counts as taken where it can be read: a replay would be as unreadable, for ever. */
  #unreadable(fault: Fault, frame: Frame): void {
    this.#log.warn({ fault }, 'cannot read a message of the session')
    const seq = numberOf(frame, MAX_NODE_MESSAGE_BYTES)
    if (seq !== undefined && !this.#isNew(seq)) return
    this.send({ type: 'fault', ...publicFault(fault) })
  }

  #isNew(seq: number): boolean {
    const verdict = this.#begun?.end.accept(seq)
    if (verdict === 'gap') {
      this.#log.warn({ seq }, 'frames are missing: dials again')
      this.#socket.redial()
    }
    return verdict === 'new'
  }
}
