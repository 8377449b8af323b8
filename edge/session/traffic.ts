// What caller and node of one session say to each other: each frame is read once, in parley.chat.v1 or parley.session.v1, and
// relayed as it came; what concerns the session itself becomes an event. Owned by session-room.ts; knows no socket and no state.
import { type Fault, invalidFault } from '#shared/fault.ts'
import { publicFault } from '#shared/fault-table.ts'
import type { TurnId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import type { Language } from '#shared/model/language.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { readAck } from '#shared/protocol/ack.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { ChatUp, type SessionStart } from '#shared/protocol/chat-messages.ts'
import { decode } from '#shared/protocol/decode.ts'
import { MAX_MESSAGE_BYTES, MAX_NODE_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import { numberOf } from '#shared/protocol/number-of.ts'
import {
  NodeSessionMessage,
  type AudioFormat,
  type DownMessage,
  type UpMessage,
} from '#shared/protocol/session-messages.ts'
import type { KeptTraffic } from './kept-session.ts'
import { Relay, type RelayPorts } from './relay.ts'
import { audioFormat, turnOptions } from './session-opening.ts'
import type { OpenedSession, SessionEvent } from './session-state.ts'
import { TurnLog } from './turn-log.ts'

export interface TrafficPorts extends Omit<RelayPorts, 'onOverflow'> {
  tellCaller(fault: Fault): void
  /** A frame of the caller was read and refused. He was told why. */
  onRefused(): void
  /** The caller asked for something that costs much: a text begins a turn, a token is looked up. */
  onText(): void
  /** A key or token that is to take the place of the one behind the session. */
  onToken(token: string): void
  onEvent(event: SessionEvent): void
}

/** Words are said: the session is not idle. */
const SPEECH = new Set<string>(['utterance.started', 'utterance.ended', 'reply.started', 'reply.done', 'text.send'])

export class Traffic {
  readonly relay: Relay
  readonly #ports: TrafficPorts
  readonly #log: TurnLog
  /** Agreed in session.start; undefined before. */
  #audio: AudioFormat | undefined
  #language: Language

  constructor(ports: TrafficPorts, kept?: KeptTraffic) {
    this.#ports = ports
    const onOverflow = (fault: Fault): void => ports.onEvent({ type: 'overflowed', fault })
    this.relay = new Relay({ ...ports, onOverflow }, kept !== undefined)
    this.#log = new TurnLog(kept?.turns)
    this.#audio = kept?.audio
    this.#language = kept?.language ?? 'en'
  }

  get changes(): number {
    return this.#log.changes
  }

  /** The highest turn number of the conversation so far; 0 before the first. */
  get lastTurn(): number {
    return this.#log.lastTurn
  }

  keep(): KeptTraffic {
    return { audio: this.#audio, language: this.#language, turns: this.#log.keep() }
  }

  /** The turns that are being said, oldest first. */
  get openTurns(): TurnId[] {
    return this.#log.open
  }

  /** The node is told to begin: what follows is said in this session's language, and numbered after its turns. */
  begins({ language, lastTurn }: Pick<OpenedSession, 'language' | 'lastTurn'>): void {
    this.#language = language
    this.#log.begins(lastTurn)
  }

  /** The turns that were open, as they stand. */
  cut(): TurnRecord[] {
    return this.#log.cut(this.#ports.clock.now(), this.#audio?.outputRate ?? 0)
  }

  // --- the caller ---

  fromCaller(frame: Frame): void {
    if (typeof frame !== 'string') return this.#audioFromCaller(frame)
    const acked = readAck(frame)
    if (acked !== undefined) return this.#ackedByCaller(frame, acked)
    const read = decode(ChatUp, frame, MAX_MESSAGE_BYTES)
    if (!read.ok) return this.#refuseCaller(frame, read.fault)
    const message = read.value
    switch (message.type) {
      case 'session.start':
        return this.#start(message)
      case 'session.end':
        return this.#ports.onEvent({ type: 'callerEnds' })
      case 'ack':
        return this.#ackedByCaller(frame, message.received)
      default: {
        if (!this.#audio) return this.#refuseCaller(frame, invalidFault(`${message.type} before session.start`))
        const token = 'token' in message ? message.token : undefined
        if (token === undefined) return void this.#relayUp(message, frame)
        // The token stays here: not even the frames that are kept for the node have it.
        const isNew = this.#relayUp(message, JSON.stringify({ ...message, token: undefined }))
        return isNew ? this.#takeToken(token) : undefined
      }
    }
  }

  #ackedByCaller(frame: Frame, received: number): void {
    const fault = this.relay.ackedByCaller(received)
    if (fault) this.#refuseCaller(frame, fault)
  }

  #audioFromCaller(frame: Exclude<Frame, string>): void {
    if (!this.#audio) return this.#refuseCaller(frame, invalidFault('audio before session.start'))
    const read = decodeAudioFrame(frame, this.#audio.inputRate)
    if (!read.ok) return this.#refuseCaller(frame, read.fault)
    this.relay.takeUp(read.value.sequence, frame)
  }

  #start(start: SessionStart): void {
    if (this.#audio) return this.#tellRefused(invalidFault('session.start: only once'))
    const options = turnOptions(start)
    if (!options.ok) return this.#tellRefused(options.fault)
    this.#audio = audioFormat(start)
    this.relay.callerAcks = start.acks ?? true
    this.#ports.onEvent({ type: 'started', start })
  }

  #takeToken(token: string): void {
    this.#ports.onText()
    this.#ports.onToken(token)
  }

  /** False for what was refused, or taken before. */
  #relayUp(message: UpMessage, frame: Frame): boolean {
    if (message.type === 'playback.progress' && !this.#log.knows(message.turnId)) {
      this.#refuseCaller(frame, { code: 'not_found', kind: 'turn', id: message.turnId })
      return false
    }
    if (!this.relay.takeUp(message.seq, frame)) return false
    if (message.type === 'playback.progress') this.#log.played(message)
    if (message.type === 'text.send') this.#ports.onText()
    if (SPEECH.has(message.type)) this.#spoke()
    return true
  }

  #refuseCaller(frame: Frame, fault: Fault): void {
    this.relay.skipUp(numberOf(frame, MAX_MESSAGE_BYTES))
    this.#tellRefused(fault)
  }

  #tellRefused(fault: Fault): void {
    this.#ports.tellCaller(fault)
    this.#ports.onRefused()
  }

  // --- the node ---

  fromNode(frame: Frame): void {
    if (typeof frame !== 'string') return this.#audioFromNode(frame)
    const acked = readAck(frame)
    if (acked !== undefined) return this.#ackedByNode(frame, acked)
    const read = decode(NodeSessionMessage, frame, MAX_NODE_MESSAGE_BYTES)
    if (!read.ok) return this.#refuseNode(frame, read.fault)
    const message = read.value
    switch (message.type) {
      case 'session.begun':
        return this.#ports.onEvent({ type: 'begun', engines: message.engines })
      case 'session.failed':
        if (message.code === 'shutdown') return this.#ports.onEvent({ type: 'nodeLeaves' })
        return this.#ports.onEvent({ type: 'nodeFailed', fault: this.relay.faultOfNode(message.code) })
      case 'ack':
        return this.#ackedByNode(frame, message.received)
      default:
        return this.#relayDown(message, frame)
    }
  }

  #ackedByNode(frame: Frame, received: number): void {
    const fault = this.relay.ackedByNode(received)
    if (fault) this.#refuseNode(frame, fault)
  }

  #audioFromNode(frame: Exclude<Frame, string>): void {
    const read = decodeAudioFrame(frame, this.#audio?.outputRate ?? 0)
    if (!read.ok) return this.#refuseNode(frame, read.fault)
    const { turn, sequence, pcm } = read.value
    if (this.relay.takeDown(sequence, frame)) this.#log.audio(turn, pcm.byteLength / 2)
  }

  #relayDown(message: DownMessage, frame: Frame): void {
    if (!this.relay.takeDown(message.seq, frame)) return
    this.#log.answered(message, this.#language, this.#ports.clock.now())
    if (message.type === 'transcript.corrected') this.#ports.onEvent({ ...message, type: 'corrected' })
    if (SPEECH.has(message.type)) this.#spoke()
  }

  #refuseNode(frame: Frame, fault: Fault): void {
    this.relay.skipDown(numberOf(frame, MAX_NODE_MESSAGE_BYTES))
    this.#ports.toNode(JSON.stringify({ type: 'fault', ...publicFault(fault) }))
  }

  #spoke(): void {
    this.#ports.onEvent({ type: 'spoke', open: this.#log.open })
  }
}
