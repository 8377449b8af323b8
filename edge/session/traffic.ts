// What passes between caller and node of one session: each frame is read once, counted, and relayed as it came. What
// concerns the session itself becomes an event. Owned by session-room.ts; knows no socket and no state.
import type { Clock } from '#shared/clock.ts'
import type { Fault } from '#shared/fault.ts'
import { publicFault } from '#shared/fault-table.ts'
import type { Frame } from '#shared/link/frame.ts'
import type { Language } from '#shared/model/language.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import type { SessionStart } from '#shared/protocol/chat-messages.ts'
import { decode } from '#shared/protocol/decode.ts'
import { MAX_NODE_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import { numberOf } from '#shared/protocol/number-of.ts'
import {
  NodeSessionMessage,
  type AudioFormat,
  type DownMessage,
  type UpMessage,
} from '#shared/protocol/session-messages.ts'
import type { CallerSays, ClientCodec } from './client-codec.ts'
import { Intake } from './intake.ts'
import type { KeptTraffic } from './kept-session.ts'
import { audioFormat, turnOptions } from './session-opening.ts'
import type { SessionEvent } from './session-state.ts'
import { TurnLog } from './turn-log.ts'

export interface TrafficPorts {
  clock: Clock
  codec: ClientCodec
  /** Dropped where the socket is gone; what is numbered is sent again after the resume. */
  toCaller(frame: Frame): void
  toNode(frame: Frame): void
  tellCaller(fault: Fault): void
  onEvent(event: SessionEvent): void
  /** Frames were lost on the way: this peer must dial again and resume. */
  onGap(peer: 'caller' | 'node'): void
}

/** Said now: the session is not idle. */
const SPEECH = new Set<string>(['utterance.started', 'utterance.ended', 'reply.started', 'reply.done', 'text.send'])

export class Traffic {
  readonly #ports: TrafficPorts
  readonly #up: Intake
  readonly #down: Intake
  readonly #log: TurnLog
  /** Agreed in session.start; undefined before. */
  #audio: AudioFormat | undefined
  #language: Language
  #hasCaller: boolean
  #isEnding = false
  /** False where the caller said that he acknowledges nothing: then the edge does, and nobody can resume. */
  #callerAcks = true

  constructor(ports: TrafficPorts, kept?: KeptTraffic) {
    this.#ports = ports
    const onOverflow = (fault: Fault): void => ports.onEvent({ type: 'overflowed', fault })
    this.#up = new Intake(ports.clock, onOverflow, kept !== undefined)
    this.#down = new Intake(ports.clock, onOverflow, kept !== undefined)
    this.#log = new TurnLog(kept?.turns)
    this.#audio = kept?.audio
    this.#hasCaller = kept === undefined
    this.#language = kept?.language ?? 'en'
  }

  /** The highest numbers that were taken from either side. */
  get received(): { fromCaller: number; fromNode: number } {
    return { fromCaller: this.#up.leg.received, fromNode: this.#down.leg.received }
  }

  get claimable(): { fromCaller: number; fromNode: number } {
    return { fromCaller: this.#up.claimable, fromNode: this.#down.claimable }
  }

  get changes(): number {
    return this.#log.changes
  }

  /** Whether a caller who loses his socket may come back: only what he has not acknowledged can be sent again. */
  get canResume(): boolean {
    return this.#callerAcks
  }

  keep(): KeptTraffic {
    return { audio: this.#audio, language: this.#language, turns: this.#log.keep() }
  }

  speaks(language: Language): void {
    this.#language = language
  }

  /** A socket of the caller is there: he gets what he has not received. */
  attachCaller(received: number): void {
    this.#hasCaller = true
    this.#down.leg.attachFar((frame) => this.#ports.toCaller(this.#ports.codec.relay(frame)), received)
    this.#ackCaller()
    this.#ackNode()
  }

  attachNode(received: number): void {
    this.#up.leg.attachFar((frame) => this.#ports.toNode(frame), received)
    this.#ackNode()
    this.#ackCaller()
  }

  detachCaller(): void {
    this.#hasCaller = false
    this.#up.originLost()
    this.#down.leg.detachFar()
    this.#ackForCaller()
    // Nothing of it can be sent again: it is the end, as if he had said so.
    if (!this.#callerAcks) this.#ports.onEvent({ type: 'callerEnds' })
  }

  /** The node says its last words; without a caller nobody else will acknowledge them. */
  farewell(): void {
    this.#isEnding = true
    this.#ackForCaller()
  }

  detachNode(): void {
    this.#down.originLost()
    this.#up.leg.detachFar()
  }

  close(): void {
    this.#up.leg.close()
    this.#down.leg.close()
  }

  /** The turns that were open, as they stand. */
  cut(): TurnRecord[] {
    return this.#log.cut(this.#ports.clock.now(), this.#audio?.outputRate ?? 0)
  }

  fromCaller(frame: Frame): void {
    if (typeof frame !== 'string' && !this.#audio)
      return this.#refuseCaller(frame, invalid('audio before session.start'))
    const read = this.#ports.codec.read(frame, this.#audio?.inputRate ?? 0)
    if (!read.ok) return this.#refuseCaller(frame, read.fault)
    this.#takeFromCaller(read.value, frame)
  }

  fromNode(frame: Frame): void {
    if (typeof frame !== 'string') {
      const audio = decodeAudioFrame(frame, this.#audio?.outputRate ?? 0)
      if (!audio.ok) return this.#refuseNode(frame, audio.fault)
      const { turn, sequence, pcm } = audio.value
      if (this.#takeDown(sequence, frame)) this.#log.audio(turn, pcm.byteLength / 2)
      return
    }
    const read = decode(NodeSessionMessage, frame, MAX_NODE_MESSAGE_BYTES)
    if (!read.ok) return this.#refuseNode(frame, read.fault)
    const message = read.value
    switch (message.type) {
      case 'session.begun':
        return this.#ports.onEvent({ type: 'begun', engines: message.engines })
      case 'session.failed':
        if (message.code === 'shutdown') return this.#ports.onEvent({ type: 'nodeLeaves' })
        return this.#ports.onEvent({ type: 'nodeFailed', fault: this.#faultOf(message.code) })
      case 'ack':
        return this.#acked(this.#up, message.received, frame)
      default:
        return this.#relayDown(message, frame)
    }
  }

  #takeFromCaller(says: CallerSays, frame: Frame): void {
    switch (says.type) {
      case 'start':
        return this.#start(says.start)
      case 'end':
        return this.#ports.onEvent({ type: 'callerEnds' })
      case 'ack':
        return this.#acked(this.#down, says.received, frame)
      case 'message':
        if (!this.#audio) return this.#refuseCaller(frame, invalid(`${says.message.type} before session.start`))
        return this.#relayUp(says.message, says.frame)
      case 'audio':
        return void this.#takeUp(says.seq, says.frame)
    }
  }

  #start(start: SessionStart): void {
    if (this.#audio) return this.#ports.tellCaller(invalid('session.start: only once'))
    const options = turnOptions(start)
    if (!options.ok) return this.#ports.tellCaller(options.fault)
    this.#audio = audioFormat(start)
    this.#callerAcks = start.acks ?? true
    this.#ports.onEvent({ type: 'started', start })
  }

  #relayUp(message: UpMessage, frame: Frame): void {
    if (!this.#takeUp(message.seq, frame)) return
    this.#log.said(message)
    if (SPEECH.has(message.type)) this.#ports.onEvent({ type: 'spoke', open: this.#log.open })
  }

  #relayDown(message: DownMessage, frame: Frame): void {
    if (!this.#takeDown(message.seq, frame)) return
    this.#log.answered(message, this.#language, this.#ports.clock.now())
    if (message.type === 'transcript.corrected') this.#ports.onEvent({ ...message, type: 'corrected' })
    if (SPEECH.has(message.type)) this.#ports.onEvent({ type: 'spoke', open: this.#log.open })
  }

  /** False for what was taken before, or comes too early: it counts when it is taken. */
  #takeUp(seq: number, frame: Frame): boolean {
    const outcome = this.#up.take(seq, frame)
    if (outcome === 'gap') this.#ports.onGap('caller')
    return outcome === 'relayed'
  }

  #takeDown(seq: number, frame: Frame): boolean {
    const outcome = this.#down.take(seq, frame)
    if (outcome === 'gap') this.#ports.onGap('node')
    this.#ackForCaller()
    return outcome === 'relayed'
  }

  /** The far end of a direction has it: only now may the edge say so to the origin. */
  #acked(direction: Intake, received: number, frame: Frame): void {
    if (received > direction.leg.received) {
      const fault = invalid(`ack.received: expected at most ${direction.leg.received}`)
      return direction === this.#down ? this.#refuseCaller(frame, fault) : this.#refuseNode(frame, fault)
    }
    direction.leg.acked(received)
    if (direction === this.#down) this.#ackNode()
    else this.#ackCaller()
  }

  #ackCaller(): void {
    const received = this.#up.leg.farReceived
    if (received > 0) this.#ports.toCaller(this.#ports.codec.write({ type: 'ack', received }))
  }

  #ackNode(): void {
    const received = this.#down.leg.farReceived
    if (received > 0) this.#ports.toNode(JSON.stringify({ type: 'ack', received }))
  }

  /**
   * A caller who cannot acknowledge has what was sent to him. And a node that waits for one who hung up would hold its slot and
   * the conversation.
   */
  #ackForCaller(): void {
    const isGone = this.#isEnding && !this.#hasCaller
    if (this.#callerAcks && !isGone) return
    this.#down.leg.acked(this.#down.leg.received)
    this.#ackNode()
  }

  /** Why the node gave up. Its link is full where the caller acknowledged nothing; anything else is a bug of ours to the caller. */
  #faultOf(code: string): Fault {
    return code === 'too_large' ? this.#down.leg.overflow() : { code: 'internal' }
  }

  #refuseCaller(frame: Frame, fault: Fault): void {
    this.#up.skip(this.#ports.codec.numberOf(frame))
    this.#ports.tellCaller(fault)
  }

  #refuseNode(frame: Frame, fault: Fault): void {
    this.#down.skip(numberOf(frame, MAX_NODE_MESSAGE_BYTES))
    this.#ports.toNode(JSON.stringify({ type: 'fault', ...publicFault(fault) }))
  }
}

const invalid = (issue: string): Fault => ({ code: 'invalid_message', issues: [issue] })
