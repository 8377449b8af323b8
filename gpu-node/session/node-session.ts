// One session on this node: joins its link with its turns and ends both in order. Made by NodeSessions for each accepted offer.
// Performs the effects of session-reduce.ts. Knows no engine and no VAD; finished turns go to the outbox, not over this wire.
import { faultOf } from '#shared/fault.ts'
import { invariant, unreachable } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'
import { Machine } from '#shared/machine.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import type { SpeakingVoice } from '#shared/model/voice-profile.ts'
import type { EndReason, SessionBegin } from '#shared/protocol/session-messages.ts'
import type { RecordedText } from '#gpu-node/engines/ports.ts'
import type { Offer } from '#gpu-node/tunnel/control-link.ts'
import type { TurnRunner } from '#gpu-node/turn/ports.ts'
import { SessionLink } from './session-link.ts'
import { reduceSession } from './session-reduce.ts'
import type { SessionEffect, SessionEvent, SessionState } from './session-state.ts'
import { BEGIN_TIMEOUT_MS, DELIVERY_TIMEOUT_MS, TURNS_END_TIMEOUT_MS } from './session-state.ts'
import { createSessionTurns, type SessionSurroundings } from './session-turns.ts'

/** A reference is half a megabyte, and mostly on the disk already. */
const VOICE_TIMEOUT_MS = 3_000

export class NodeSession {
  readonly offer: Offer
  /** Resolves when the slot is free. */
  readonly over: Promise<void>
  readonly #surroundings: SessionSurroundings
  readonly #log: Log
  readonly #link: SessionLink
  readonly #machine: Machine<SessionState, SessionEvent, SessionEffect>
  #begin: SessionBegin | undefined
  #turns: TurnRunner | undefined
  /** The voice of the chosen profile, where it can be had and used. */
  #voice: RecordedText | undefined
  #cancelTimeout: () => void = () => {}
  #onOver: () => void = () => {}

  constructor(offer: Offer, surroundings: SessionSurroundings) {
    this.offer = offer
    this.#surroundings = surroundings
    this.#log = surroundings.log.child({ sessionId: offer.sessionId, epoch: offer.epoch })
    this.over = new Promise((resolve) => {
      this.#onOver = resolve
    })
    this.#machine = new Machine<SessionState, SessionEvent, SessionEffect>({
      state: { type: 'joining' },
      reduce: reduceSession,
      perform: (effect) => this.#perform(effect),
      onChange: (state, before) => {
        if (state.type !== before.type) this.#cancelTimeout()
      },
      ending: { type: 'broke' },
      onBroken: (error) => this.#log.error({ error }, 'a bug ends the session'),
      onStuck: () => {
        this.#onOver()
        this.#link.close()
      },
    })
    const { edgeUrl, token, clock, random } = surroundings
    const { sessionId, ticket } = offer
    this.#link = new SessionLink(
      { edgeUrl, token, sessionId, ticket, clock, random, log: this.#log },
      {
        onBegin: (begin) => this.#begun(begin),
        onMessage: (message) => this.#feed((turns) => turns.receive(message)),
        onAudio: (pcm) => this.#feed((turns) => turns.audio(pcm)),
        onEnd: (reason) => this.end(reason),
        onDelivered: () => this.#machine.dispatch({ type: 'delivered' }),
        onOverflow: (fault) => {
          this.#log.warn({ fault }, 'the link is full')
          this.#machine.dispatch({ type: 'failed', code: fault.code })
        },
        onGone: (reason) => {
          this.#log.warn({ reason }, 'the edge is gone for this session')
          this.#machine.dispatch({ type: 'gone' })
        },
      },
    )
  }

  start(): void {
    this.#timeout(BEGIN_TIMEOUT_MS)
    this.#link.start()
  }

  end(reason: EndReason): void {
    this.#log.info({ reason }, 'session ends')
    this.#machine.dispatch({ type: 'end', reason })
  }

  /** The node shuts down: the last messages go out, then the edge is told, which would else wait for this node. */
  leave(): void {
    this.#machine.dispatch({ type: 'leave' })
  }

  /** The caller learns that this node will stop, while his session still goes on. */
  tellDraining(): void {
    if (this.#machine.state.type === 'live') this.#link.send({ type: 'session.notice', notice: 'draining' })
  }

  /** Resolves when nothing is being said, or the session is over. */
  async whenIdle(): Promise<void> {
    if (this.#machine.state.type === 'live') await Promise.race([this.#turns?.whenIdle(), this.over])
  }

  #begun(begin: SessionBegin): void {
    if (begin.epoch !== this.offer.epoch || begin.sessionId !== this.offer.sessionId)
      return this.#machine.dispatch({ type: 'failed', code: 'stale_epoch' })
    this.#begin = begin
    const { voiceProfile } = begin
    if (voiceProfile) void this.#fetchVoice(voiceProfile).then(() => this.#machine.dispatch({ type: 'begun' }))
    else this.#machine.dispatch({ type: 'begun' })
  }

  /** The first reply is to sound like the others: the session waits for its voice, but not for ever. */
  async #fetchVoice(profile: SpeakingVoice): Promise<void> {
    const { engines, voiceOf } = this.#surroundings
    if (!engines.tts.canClone || !voiceOf) return
    try {
      this.#voice = await voiceOf(profile, AbortSignal.timeout(VOICE_TIMEOUT_MS))
    } catch (error) {
      this.#log.warn({ voiceProfileId: profile.id, fault: faultOf(error) }, 'the chosen voice cannot be had')
    }
  }

  #perform(effect: SessionEffect): void {
    switch (effect.type) {
      case 'startTurns':
        return this.#startTurns()
      case 'endTurns':
        return this.#endTurns(effect.reason)
      case 'sayFailed':
        return this.#link.say({ type: 'session.failed', code: effect.code })
      case 'deliver':
        this.#timeout(DELIVERY_TIMEOUT_MS)
        return this.#link.deliver()
      case 'closeLink':
        return this.#link.close()
      case 'freeSlot':
        return this.#onOver()
      default:
        return unreachable(effect)
    }
  }

  #startTurns(): void {
    const begin = this.#begin
    invariant(begin, 'turns start after session.begin')
    const { turns, engines } = createSessionTurns(begin, {
      surroundings: this.#surroundings,
      log: this.#log,
      voice: this.#voice,
      sink: {
        send: (message) => this.#link.send(message),
        audio: (turn, pcm) => this.#link.sendAudio(turn, pcm),
        finished: (turn) => this.#finished(begin, turn),
      },
    })
    this.#turns = turns
    this.#link.say({ type: 'session.begun', engines })
    if (begin.voiceProfile && !this.#voice)
      this.#link.send({ type: 'session.notice', notice: 'voiceUnavailable', detail: 'profile' })
    this.#log.info({ conversationId: begin.conversationId, turns: begin.turns.length }, 'session begins')
  }

  #endTurns(reason: EndReason): void {
    this.#timeout(TURNS_END_TIMEOUT_MS)
    const ended = this.#turns?.end(reason) ?? Promise.resolve()
    ended
      .catch((error: unknown) => this.#log.error({ error }, 'the turns did not end well'))
      .finally(() => this.#machine.dispatch({ type: 'turnsEnded' }))
  }

  #finished({ sessionId, conversationId }: SessionBegin, turn: TurnRecord): void {
    this.#surroundings.keepTurn({ sessionId, conversationId, turn }).catch((error: unknown) => {
      this.#log.error({ error, turnId: turn.id, traceId: turn.traceId }, 'a finished turn could not be kept')
    })
  }

  /** What comes of the caller. A bug in it ends the session and never the process. */
  #feed(give: (turns: TurnRunner) => void): void {
    this.#machine.guard(() => {
      if (this.#machine.state.type === 'live' && this.#turns) give(this.#turns)
    })
  }

  #timeout(ms: number): void {
    this.#cancelTimeout()
    this.#cancelTimeout = this.#surroundings.clock.after(ms, () => {
      this.#log.warn({ state: this.#machine.state.type, ms }, 'session waited too long')
      this.#machine.dispatch({ type: 'timedOut' })
    })
  }
}
