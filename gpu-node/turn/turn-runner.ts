// All turns of one session: hears the caller, feeds the state machine, does what it wants. Made by gpu-node/session, which
// owns the link. An expected failure ends a turn, and so does a bug; neither ends the session.
import type { Clock } from '#shared/clock.ts'
import { newId, type TurnId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'
import { Machine } from '#shared/machine.ts'
import { languageOf } from '#shared/model/language.ts'
import type { EndReason, UnnumberedUp } from '#shared/protocol/session-messages.ts'
import { Hearing } from '#gpu-node/turn/hearing/hearing.ts'
import { LISTENING, reduce } from '#gpu-node/turn/machine/turn-reduce.ts'
import type { TurnEffect, TurnEvent, TurnState } from '#gpu-node/turn/machine/turn-state.ts'
import { Replies, type ReplyVoice } from '#gpu-node/turn/reply/replies.ts'
import { Degradation } from './degradation.ts'
import { blocked, Guard } from './guard.ts'
import { logFailure } from './log-failure.ts'
import type { TurnRunner, TurnRunnerOptions } from './ports.ts'
import { updateSettings, type SessionSettings, type SessionUpdate } from './session-settings.ts'
import { stopReasonOf } from './stop-reason.ts'
import { TurnEffects } from './turn-effects.ts'
import { TurnLedger, type OpenTurn } from './turn-ledger.ts'

/** At the end of a session: how long the final text of what was being said may take. Well within the room's farewell of 3 s. */
export const LAST_TEXT_MS = 1_500

export function createTurnRunner(options: TurnRunnerOptions): TurnRunner {
  return new Runner(options)
}

class Runner implements TurnRunner {
  readonly #options: TurnRunnerOptions
  #settings: SessionSettings
  readonly #guard: Guard
  readonly #ledger: TurnLedger
  readonly #hearing: Hearing
  readonly #replies: Replies
  readonly #effects: TurnEffects
  readonly #machine: Machine<TurnState, TurnEvent, TurnEffect>
  #ending: Promise<void> | undefined
  #isEnded = false
  readonly #running = new Set<Promise<void>>()
  #onIdle: (() => void)[] = []

  constructor(options: TurnRunnerOptions) {
    const { engines, sink, language, ttsMode, log, persona, inputRate } = options
    this.#options = options
    this.#settings = { options: options.options, language, ttsMode, voice: { source: 'persona' } }
    const clock = this.#guarded(options.clock)
    const dispatch = (event: TurnEvent): void => this.#dispatch(event)
    const track = (work: Promise<void>): void => this.#track(work)
    const logOf = (turn: OpenTurn): Log => log.child({ trace_id: turn.traceId })
    const settings = (): SessionSettings => this.#settings
    const guard = (this.#guard = new Guard(persona, options.profanity))
    const ledger = (this.#ledger = new TurnLedger({ ...options, isBlocked: (text) => guard.isBlocked(text) }))
    const degradation = new Degradation(sink)
    const hearing = (this.#hearing = new Hearing({
      engines,
      clock,
      log,
      script: persona.script,
      inputRate,
      ledger,
      degradation,
      settings,
      dispatch,
      track,
      onAudio: (turnId, pcm) => sink.heard?.(turnId, pcm),
      onFault: (fault, turnId) => this.#effects.fault(fault, turnId),
      onDropped: (turnId) => this.#effects.run({ type: 'forgetTurn', turnId }),
    }))
    const voice = (): ReplyVoice => ({
      mode: this.#settings.ttsMode,
      reference: hearing.ownVoice.reference ?? options.profileVoice,
    })
    const replies = (this.#replies = new Replies({
      ...options,
      clock,
      guard,
      ledger,
      degradation,
      voice,
      logOf,
      dispatch,
      track,
    }))
    const { recognition } = hearing
    this.#effects = new TurnEffects({ clock, sink, ledger, degradation, recognition, replies, logOf })
    this.#machine = new Machine<TurnState, TurnEvent, TurnEffect>({
      state: LISTENING,
      reduce: (state, event) => reduce(state, event, this.#settings.options),
      perform: (effect) => this.#effects.run(effect),
      onStep: () => this.#stepped(),
      ending: { type: 'ended', status: 'cut', reason: 'replaced', atSample: 0, waits: false },
      onBroken: (error) => {
        logFailure(log, error, 'a turn broke')
        hearing.dropWaiting()
        this.#effects.fault({ code: 'internal' })
      },
    })
    engines.tts.prepare?.(ttsMode)
  }

  audio(pcm: Int16Array): void {
    if (!this.#ending) this.#hearing.audio(pcm)
  }

  receive(message: UnnumberedUp): void {
    if (!this.#ending) this.#machine.guard(() => this.#take(message))
  }

  whenIdle(): Promise<void> {
    if (this.#isIdle) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  async end(reason: EndReason): Promise<void> {
    await (this.#ending ??= this.#finish(reason))
    await Promise.allSettled(this.#running)
  }

  async #finish(reason: EndReason): Promise<void> {
    this.#hearing.stop()
    const status = reason === 'caller' ? 'interrupted' : 'cut'
    const ended = { type: 'ended', status, reason: stopReasonOf(reason), atSample: this.#hearing.atSample } as const
    // Whoever takes this session over has its audio and makes the text himself.
    if (reason !== 'replaced') {
      this.#dispatch({ ...ended, waits: true })
      await this.#idleWithin(LAST_TEXT_MS)
    }
    this.#dispatch({ ...ended, waits: false })
    this.#isEnded = true
    this.#hearing.ownVoice.withdraw()
  }

  #dispatch(event: TurnEvent): void {
    if (!this.#isEnded) this.#machine.dispatch(event)
  }

  /** A bug in what comes of time ends what is under way, too. */
  #guarded(clock: Clock): Clock {
    const guarded = (run: () => void) => (): void => this.#machine.guard(run)
    return {
      now: () => clock.now(),
      sleep: (ms, signal) => clock.sleep(ms, signal),
      after: (ms, run) => clock.after(ms, guarded(run)),
      every: (ms, run) => clock.every(ms, guarded(run)),
    }
  }

  #stepped(): void {
    this.#hearing.drain()
    if (this.#isIdle) for (const onIdle of this.#onIdle.splice(0)) onIdle()
  }

  get #isIdle(): boolean {
    const { state } = this.#machine
    return state.type === 'listening' && state.utterance === undefined && !this.#hearing.isHolding
  }

  async #idleWithin(ms: number): Promise<void> {
    const over = new AbortController()
    const tooLate = this.#options.clock.sleep(ms, over.signal).catch(() => {})
    await Promise.race([this.whenIdle(), tooLate])
    over.abort('replaced')
  }

  // --- the caller's messages ---

  #take(message: UnnumberedUp): void {
    switch (message.type) {
      case 'utterance.commit':
        return this.#hearing.commit()
      case 'utterance.clear':
        return this.#hearing.clear()
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
    this.#dispatch({ type: 'textSent', turnId: turn.id, atSample: this.#hearing.atSample, text })
  }

  #correct(turnId: TurnId, text: string): void {
    const decision = this.#guard.judge(text)
    if (decision?.action === 'block') return this.#effects.fault(blocked(decision), turnId)
    const { isKnown, record } = this.#ledger.correct(turnId, text)
    this.#hearing.ownVoice.correct(turnId, text)
    if (!isKnown) return this.#effects.fault({ code: 'not_found', kind: 'turn', id: turnId }, turnId)
    this.#options.sink.send({ type: 'transcript.corrected', turnId, text })
    if (record) this.#options.sink.finished(record)
  }

  #update(message: SessionUpdate): void {
    const updated = updateSettings(this.#settings, message)
    if (!updated.ok) return this.#effects.fault(updated.fault)
    const { sink, engines } = this.#options
    const { ownVoice } = this.#hearing
    const isVoiceless = message.voice?.source === 'caller' && !engines.tts.canClone
    this.#settings = { ...updated.value, ...(isVoiceless && { voice: { source: 'persona' } }) }
    engines.tts.prepare?.(this.#settings.ttsMode)
    if (this.#settings.voice.source === 'caller') ownVoice.consent()
    else ownVoice.withdraw()
    sink.send({ type: 'session.updated', ...this.#settings })
    if (isVoiceless) sink.send({ type: 'session.notice', notice: 'voiceUnavailable', detail: 'caller' })
  }

  #track(work: Promise<void>): void {
    this.#running.add(work)
    const forget = (): void => void this.#running.delete(work)
    work.then(forget, forget)
  }
}
