// The caller's speech, from sound to events of the state machine: ear, recogniser, the queue of speech that waits for its
// turn, and the recording for "speak like me". Used by the runner. Knows no reply and decides nothing about turns.
import type { Clock } from '#shared/clock.ts'
import { faultOf, type Fault } from '#shared/fault.ts'
import { newId, type TurnId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { Language, Script } from '#shared/model/language.ts'
import type { Fallback } from '#shared/model/turn.ts'
import { ENGINE_INPUT_RATE, type Engines } from '#gpu-node/engines/ports.ts'
import type { Degradation } from '#gpu-node/turn/degradation.ts'
import { logFailure } from '#gpu-node/turn/log-failure.ts'
import type { TurnEvent } from '#gpu-node/turn/machine/turn-state.ts'
import type { TurnLedger } from '#gpu-node/turn/turn-ledger.ts'
import { Ear, type SpeechEvent } from './ear.ts'
import type { Thresholds } from './endpointer.ts'
import { OwnVoice } from './own-voice.ts'
import { Recognition } from './recognition.ts'
import { createScriptStt } from './script-stt.ts'
import { SpeechQueue } from './speech-queue.ts'

export interface HearingOptions {
  engines: Pick<Engines, 'vad' | 'stt'>
  clock: Clock
  log: Log
  script: Script | null
  inputRate: number
  ledger: TurnLedger
  degradation: Degradation
  /** As they are now: the caller may change them. */
  settings: () => { options: Thresholds; language: Language }
  dispatch: (event: TurnEvent) => void
  /** Audio of an utterance, at ENGINE_INPUT_RATE. */
  onAudio: (turnId: TurnId, pcm: Int16Array) => void
  onFault: (fault: Fault, turnId?: TurnId) => void
  /** One utterance too many waits: its turn is nothing. */
  onDropped: (turnId: TurnId) => void
  /** Keeps a promise that the session's end waits for. */
  track: (work: Promise<void>) => void
}

export class Hearing {
  readonly recognition: Recognition
  readonly ownVoice = new OwnVoice()
  readonly #options: HearingOptions
  readonly #ear: Ear
  readonly #speech: SpeechQueue
  #isDeaf = false

  constructor(options: HearingOptions) {
    const { engines, clock, log, script, inputRate, settings, dispatch, track } = options
    this.#options = options
    this.recognition = new Recognition({
      stt: createScriptStt(engines.stt, script),
      clock,
      log,
      dispatch: (event) => this.#recognised(event),
      atSample: () => this.atSample,
      track,
    })
    this.#speech = new SpeechQueue({
      isBlockedBy: (turnId) => this.#isBlocked(turnId),
      pass: dispatch,
      drop: options.onDropped,
    })
    this.#ear = new Ear({
      vad: engines.vad,
      inputRate,
      thresholds: () => settings().options,
      newTurnId: () => newId('turn', clock.now()),
      onSpeech: (event) => this.#hear(event),
      onAudio: (turnId, pcm) => this.#recognise(turnId, pcm),
      onLimit: (turnId, fault) => options.onFault(fault, turnId),
    })
  }

  /** Position in the caller's samples. */
  get atSample(): number {
    return this.#ear.atSample
  }

  /** Whether there is speech that the state machine does not know yet. */
  get isHolding(): boolean {
    return this.#speech.length > 0
  }

  /** Never throws for an engine: a VAD that fails once fails on each frame, so the session goes on by text. */
  audio(pcm: Int16Array): void {
    if (this.#isDeaf) return
    try {
      this.#ear.audio(pcm)
    } catch (thrown) {
      this.#isDeaf = true
      const { turnId } = this.#ear
      logFailure(this.#options.log, thrown, 'the ear failed; the session goes on without audio')
      const fault = faultOf(thrown)
      if (turnId) this.#recognised({ type: 'recognitionFailed', turnId, atSample: this.atSample, fault })
      else this.#options.onFault(fault)
    }
  }

  /** Ends the open utterance now. */
  commit(): void {
    this.#ear.close('commit')
  }

  /** Drops the open utterance. */
  clear(): void {
    this.#ear.clear()
  }

  /** The recogniser gets the last samples of an open utterance, and nothing is heard any more. */
  stop(): void {
    this.#isDeaf = true
    this.#speech.clear()
    this.#ear.flush()
  }

  /** The state machine has taken an event: speech that waited for it may follow. */
  drain(): void {
    this.#speech.drain()
  }

  /** What waits is dropped. */
  dropWaiting(): void {
    this.#speech.clear()
  }

  #hear(event: SpeechEvent): void {
    const { clock, ledger } = this.#options
    const { turnId } = event
    if (event.type === 'speechStarted') this.#begin(event)
    if (event.type === 'speechPaused') this.recognition.withhold(turnId)
    if (event.type === 'speechWentOn') this.recognition.goOn(turnId)
    const turn = ledger.find(turnId)
    if (event.type === 'speechEnded' && turn) {
      turn.closedAt = clock.now()
      turn.endpointMs = event.silenceMs
    }
    this.#speech.push(event)
  }

  #begin({ turnId, atSample }: Extract<SpeechEvent, { type: 'speechStarted' }>): void {
    const { clock, ledger, degradation, inputRate, settings } = this.#options
    const agoMs = ((this.atSample - atSample) * 1000) / inputRate
    const { language } = settings()
    const turn = ledger.begin({ id: turnId, source: 'speech', language, startedAt: clock.now() - agoMs })
    const { traceparent, controller } = turn
    this.ownVoice.begin(turnId)
    const onFallback = (fallback: Fallback): void => degradation.fellBack(turn, fallback)
    this.recognition.open(turnId, { language, traceparent, signal: controller.signal, onFallback })
  }

  #recognise(turnId: TurnId, pcm: Int16Array): void {
    const turn = this.#options.ledger.find(turnId)
    if (turn) turn.inputAudioMs += (pcm.length * 1000) / ENGINE_INPUT_RATE
    this.recognition.push(turnId, pcm)
    this.ownVoice.hear(turnId, pcm)
    this.#options.onAudio(turnId, pcm)
  }

  /** The failure of an utterance that still waits comes after its start. */
  #recognised(event: TurnEvent): void {
    if (event.type === 'transcribed') this.ownVoice.transcribed(event.turnId, event.text)
    if (event.type === 'recognitionFailed' && this.#speech.isHolding(event.turnId)) this.#speech.push(event)
    else this.#options.dispatch(event)
  }

  #isBlocked(turnId: TurnId): boolean {
    const { finishing } = this.recognition
    return finishing !== undefined && finishing !== turnId
  }
}
