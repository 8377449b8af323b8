// All turns of one session: hears the caller, feeds the state machine, does what it wants. Made by gpu-node/session, which
// owns the link. Catches what engines throw: an expected failure ends a turn, never the session.
import { faultOf } from '#shared/fault.ts'
import { newId } from '#shared/ids.ts'
import type { TurnId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'
import { languageOf } from '#shared/model/language.ts'
import type { Fallback } from '#shared/model/turn.ts'
import type { EndReason, UnnumberedUp } from '#shared/protocol/session-messages.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'
import { Degradation } from './degradation.ts'
import { Ear } from '#gpu-node/turn/hearing/ear.ts'
import type { SpeechEvent } from '#gpu-node/turn/hearing/ear.ts'
import { blocked, Guard } from './guard.ts'
import { logFailure } from './log-failure.ts'
import { OwnVoice } from '#gpu-node/turn/hearing/own-voice.ts'
import type { TurnRunner, TurnRunnerOptions } from './ports.ts'
import { Recognition } from '#gpu-node/turn/hearing/recognition.ts'
import { Replies, type ReplyVoice } from '#gpu-node/turn/reply/replies.ts'
import { createScriptStt } from '#gpu-node/turn/hearing/script-stt.ts'
import { updateSettings } from './session-settings.ts'
import type { SessionSettings, SessionUpdate } from './session-settings.ts'
import { SpeechQueue } from '#gpu-node/turn/hearing/speech-queue.ts'
import { stopReasonOf } from './stop-reason.ts'
import { TurnEffects } from './turn-effects.ts'
import type { TurnEvent } from '#gpu-node/turn/machine/turn-state.ts'
import { TurnLedger } from './turn-ledger.ts'
import type { OpenTurn } from './turn-ledger.ts'
import { TurnMachine } from '#gpu-node/turn/machine/turn-machine.ts'

export function createTurnRunner(options: TurnRunnerOptions): TurnRunner {
  return new Runner(options)
}

class Runner implements TurnRunner {
  readonly #options: TurnRunnerOptions
  #settings: SessionSettings
  readonly #guard: Guard
  readonly #ledger: TurnLedger
  readonly #degradation: Degradation
  readonly #ownVoice = new OwnVoice()
  readonly #recognition: Recognition
  readonly #replies: Replies
  readonly #effects: TurnEffects
  readonly #ear: Ear
  readonly #speech: SpeechQueue
  readonly #machine: TurnMachine
  #isEnded = false
  #isDeaf = false
  readonly #running = new Set<Promise<void>>()

  constructor(options: TurnRunnerOptions) {
    const { engines, clock, sink } = options
    const { language, ttsMode } = options
    this.#options = options
    this.#settings = { options: options.options, language, ttsMode, voice: { source: 'persona' } }
    const dispatch = (event: TurnEvent): void => this.#dispatch(event)
    const track = (work: Promise<void>): void => this.#track(work)
    const logOf = (turn: OpenTurn): Log => options.log.child({ trace_id: turn.traceId })
    this.#guard = new Guard(options.persona, options.profanity)
    const guard = this.#guard
    this.#ledger = new TurnLedger({ ...options, isBlocked: (text) => guard.isBlocked(text) })
    const atSample = (): number => this.#ear.atSample
    const stt = createScriptStt(engines.stt, options.persona.script)
    this.#recognition = new Recognition({ stt, clock, log: options.log, dispatch, atSample, track })
    this.#degradation = new Degradation(sink)
    const [ledger, recognition, degradation] = [this.#ledger, this.#recognition, this.#degradation]
    const voice = (): ReplyVoice => ({
      mode: this.#settings.ttsMode,
      reference: this.#ownVoice.reference ?? options.profileVoice,
    })
    this.#replies = new Replies({ ...options, guard, ledger, degradation, voice, logOf, dispatch, track })
    this.#effects = new TurnEffects({ clock, sink, ledger, degradation, recognition, replies: this.#replies, logOf })
    this.#speech = new SpeechQueue({
      isBlockedBy: (turnId) => this.#isBlocked(turnId),
      pass: (event) => this.#machine.dispatch(event),
      drop: (turnId) => this.#effects.run({ type: 'forgetTurn', turnId }),
    })
    this.#machine = new TurnMachine({
      log: options.log,
      options: () => this.#settings.options,
      run: (effect) => this.#effects.run(effect),
      onStep: () => this.#speech.drain(),
      onBroken: (cut) => {
        this.#speech.clear()
        this.#effects.fault({ code: 'internal' })
        cut()
        this.#abandonAll()
      },
    })
    this.#ear = new Ear({
      vad: engines.vad,
      inputRate: options.inputRate,
      thresholds: () => this.#settings.options,
      newTurnId: () => newId('turn', clock.now()),
      onSpeech: (event) => this.#hear(event),
      onAudio: (turnId, pcm) => this.#recognize(turnId, pcm),
      onLimit: (turnId, fault) => this.#effects.fault(fault, turnId),
    })
    engines.tts.prepare?.(ttsMode)
  }

  audio(pcm: Int16Array): void {
    if (this.#isEnded || this.#isDeaf) return
    try {
      this.#ear.audio(pcm)
    } catch (thrown) {
      // A VAD that fails once fails on each frame: the session goes on by text, and the caller is told once.
      this.#isDeaf = true
      const { turnId } = this.#ear
      logFailure(this.#options.log, thrown, 'the ear failed; the session goes on without audio')
      const fault = faultOf(thrown)
      if (turnId) this.#dispatch({ type: 'recognitionFailed', turnId, atSample: this.#ear.atSample, fault })
      else this.#effects.fault(fault)
    }
  }

  receive(message: UnnumberedUp): void {
    if (this.#isEnded) return
    switch (message.type) {
      case 'utterance.commit':
        return this.#ear.close('commit')
      case 'utterance.clear':
        return this.#ear.clear()
      case 'text.send':
        return this.#takeText(message.text)
      case 'reply.interrupt':
        return this.#dispatch({ type: 'interruptSent' })
      case 'playback.progress':
        return this.#replies.progress(message.turnId, message.playedSamples)
      case 'transcript.correct':
        return this.#correct(message.turnId, message.text)
      case 'session.update':
        return this.#update(message)
      default:
        return unreachable(message)
    }
  }

  async end(reason: EndReason): Promise<void> {
    if (!this.#isEnded) {
      const status = reason === 'caller' ? 'interrupted' : 'cut'
      this.#speech.clear()
      this.#dispatch({ type: 'ended', status, reason: stopReasonOf(reason) })
      this.#isEnded = true
      // Where it was called from within an effect (a full link), the state machine first settles the turns.
      await Promise.resolve()
      this.#abandonAll()
      this.#ownVoice.withdraw()
    }
    await Promise.allSettled(this.#running)
  }

  /** The failure of an utterance that still waits comes after its start. */
  #dispatch(event: TurnEvent): void {
    if (this.#isEnded) return
    if (event.type === 'transcribed') this.#ownVoice.transcribed(event.turnId, event.text)
    if (event.type === 'recognitionFailed' && this.#speech.isHolding(event.turnId)) this.#speech.push(event)
    else this.#machine.dispatch(event)
  }

  #abandonAll(): void {
    for (const { id } of this.#ledger.all()) {
      this.#replies.abandon(id)
      this.#effects.run({ type: 'forgetTurn', turnId: id })
    }
  }

  // --- the caller's speech ---

  #hear(event: SpeechEvent): void {
    const { clock } = this.#options
    if (event.type === 'speechStarted') {
      const agoMs = ((this.#ear.atSample - event.atSample) * 1000) / this.#options.inputRate
      const { language } = this.#settings
      const turn = this.#ledger.begin({ id: event.turnId, source: 'speech', language, startedAt: clock.now() - agoMs })
      const { traceparent, controller } = turn
      this.#ownVoice.begin(event.turnId)
      const onFallback = (fallback: Fallback): void => this.#degradation.fellBack(turn, fallback)
      this.#recognition.open(event.turnId, { language, traceparent, signal: controller.signal, onFallback })
    }
    if (event.type === 'speechPaused') this.#recognition.withhold(event.turnId)
    if (event.type === 'speechWentOn') this.#recognition.goOn(event.turnId)
    const turn = this.#ledger.find(event.turnId)
    if (event.type === 'speechEnded' && turn) {
      turn.closedAt = clock.now()
      turn.endpointMs = event.silenceMs
    }
    this.#speech.push(event)
  }

  #recognize(turnId: TurnId, pcm: Int16Array): void {
    const turn = this.#ledger.find(turnId)
    if (turn) turn.inputAudioMs += (pcm.length * 1000) / ENGINE_INPUT_RATE
    this.#recognition.push(turnId, pcm)
    this.#ownVoice.hear(turnId, pcm)
    this.#options.sink.heard?.(turnId, pcm)
  }

  #isBlocked(turnId: TurnId): boolean {
    const { finishing } = this.#recognition
    return finishing !== undefined && finishing !== turnId
  }

  // --- the caller's messages ---

  #takeText(text: string): void {
    const now = this.#options.clock.now()
    const turn = this.#ledger.begin({
      id: newId('turn', now),
      source: 'text',
      // Who writes Chinese in an English session wants a Chinese answer.
      language: languageOf(text, this.#settings.language),
      startedAt: now,
    })
    turn.closedAt = now
    this.#dispatch({ type: 'textSent', turnId: turn.id, atSample: this.#ear.atSample, text })
  }

  #correct(turnId: TurnId, text: string): void {
    const decision = this.#guard.judge(text)
    if (decision?.action === 'block') return this.#effects.fault(blocked(decision), turnId)
    const { isKnown, record } = this.#ledger.correct(turnId, text)
    this.#ownVoice.correct(turnId, text)
    if (!isKnown) return this.#effects.fault({ code: 'not_found', kind: 'turn', id: turnId }, turnId)
    this.#options.sink.send({ type: 'transcript.corrected', turnId, text })
    if (record) this.#options.sink.finished(record)
  }

  #update(message: SessionUpdate): void {
    const updated = updateSettings(this.#settings, message)
    if (!updated.ok) return this.#effects.fault(updated.fault)
    const { tts } = this.#options.engines
    const isVoiceless = message.voice?.source === 'caller' && !tts.canClone
    this.#settings = { ...updated.value, ...(isVoiceless && { voice: { source: 'persona' } }) }
    tts.prepare?.(this.#settings.ttsMode)
    if (this.#settings.voice.source === 'caller') this.#ownVoice.consent()
    else this.#ownVoice.withdraw()
    this.#options.sink.send({ type: 'session.updated', ...this.#settings })
    if (isVoiceless) this.#options.sink.send({ type: 'session.notice', notice: 'voiceUnavailable', detail: 'caller' })
  }

  #track(work: Promise<void>): void {
    this.#running.add(work)
    const forget = (): void => void this.#running.delete(work)
    work.then(forget, forget)
  }
}
