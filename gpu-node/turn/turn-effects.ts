// Performs the effects of the state machine: tells the sink, drives recognition and replies, keeps the ledger. Used by the
// runner. Decides nothing.
import type { Clock } from '#shared/clock.ts'
import { publicFault } from '#shared/fault-table.ts'
import type { Fault } from '#shared/fault.ts'
import type { TurnId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import { pii, type Log } from '#shared/log.ts'
import type { Degradation } from './degradation.ts'
import type { TurnSink } from './ports.ts'
import type { Recognition } from '#gpu-node/turn/hearing/recognition.ts'
import type { Replies } from '#gpu-node/turn/reply/replies.ts'
import type { Outcome, StopReason, TurnEffect } from '#gpu-node/turn/machine/turn-state.ts'
import type { OpenTurn, TurnLedger } from './turn-ledger.ts'

export interface EffectsOptions {
  clock: Clock
  sink: TurnSink
  ledger: TurnLedger
  degradation: Degradation
  recognition: Recognition
  replies: Replies
  logOf: (turn: OpenTurn) => Log
}

type Of<T extends TurnEffect['type']> = Extract<TurnEffect, { type: T }>
type Telling = Of<`tell${string}` & TurnEffect['type']>

export class TurnEffects {
  readonly #options: EffectsOptions

  constructor(options: EffectsOptions) {
    this.#options = options
  }

  run(effect: TurnEffect): void {
    const { recognition, replies } = this.#options
    switch (effect.type) {
      case 'askSnapshot':
        return recognition.askSnapshot(effect.turnId, effect.pause)
      case 'finishRecognition':
        return recognition.finish(effect.turnId)
      case 'forgetTurn':
        return this.#forget(effect.turnId)
      case 'takeText':
        return this.#takeText(effect)
      case 'startReply':
        return replies.start(effect.reply, effect.text, effect.isSpeculative)
      case 'releaseReply':
        return replies.release(effect.reply)
      case 'dropReply':
        return void replies.stop(effect.reply, 'replaced')
      case 'pauseReply':
        return replies.pause(effect.reply)
      case 'resumeReply':
        return replies.resume(effect.reply)
      case 'settleTurn':
        return this.#settle(effect)
      case 'dropRest':
        return this.#dropRest()
      default:
        return this.#tell(effect)
    }
  }

  fault(fault: Fault, turnId?: TurnId): void {
    this.#options.sink.send({ type: 'fault', ...publicFault(fault), ...(turnId === undefined ? {} : { turnId }) })
  }

  #tell(effect: Telling): void {
    const { sink, ledger } = this.#options
    switch (effect.type) {
      case 'tellStarted': {
        const { turnId, atSample } = effect
        return sink.send({ type: 'utterance.started', turnId, turn: ledger.ordinal(turnId), atSample })
      }
      case 'tellPartial':
        return sink.send({ type: 'transcript.partial', turnId: effect.turnId, text: effect.text })
      case 'tellEnded': {
        const { turnId, atSample, reason } = effect
        return sink.send({ type: 'utterance.ended', turnId, atSample, reason })
      }
      case 'tellFault':
        return this.fault(effect.fault, effect.turnId)
      default:
        return unreachable(effect)
    }
  }

  #forget(turnId: TurnId): void {
    const { ledger, recognition, sink } = this.#options
    ledger.find(turnId)?.controller.abort('replaced' satisfies StopReason)
    recognition.drop(turnId)
    ledger.forget(turnId)
    sink.forgotten?.(turnId)
  }

  #dropRest(): void {
    const { ledger, replies } = this.#options
    for (const { id } of ledger.all()) {
      replies.abandon(id)
      this.#forget(id)
    }
  }

  #takeText({ turnId, text }: Of<'takeText'>): void {
    const { ledger, sink, clock } = this.#options
    const turn = ledger.get(turnId)
    turn.utteranceText = text.trim()
    turn.transcribedAt = clock.now()
    sink.send({ type: 'transcript.final', turnId, text: turn.utteranceText, language: turn.language })
  }

  #settle({ turnId, reply, outcome }: Of<'settleTurn'>): void {
    const { ledger, recognition, replies, degradation, sink, logOf } = this.#options
    const turn = ledger.get(turnId)
    // Who interrupts an apology does not undo the failure.
    const fault = outcome.status === 'failed' ? outcome.fault : replies.faultOf(reply)
    const reason = reasonOf(outcome)
    const { facts, sentSamples } = replies.close(reply, reason, outcome.status === 'complete')
    turn.controller.abort(reason)
    recognition.drop(turnId)
    if (!turn.isReplyStarted) sink.send({ type: 'reply.started', turnId, turn: ledger.ordinal(turnId) })
    if (fault) this.fault(fault, turnId)
    const record = ledger.finish(turnId, fault ? 'failed' : outcome.status, facts, fault?.code)
    const { status, replyText, heardText, timings } = record
    sink.send({ type: 'reply.done', turnId, status, replyText, heardText, sentSamples, timings })
    sink.finished(record)
    degradation.finished(record)
    const { usage, engines } = record
    const said = { utterance: pii(record.utteranceText), heard: pii(heardText) }
    logOf(turn).info({ turnId, status, timings, usage, engines, ...said }, 'turn finished')
  }
}

/** A turn that was heard or failed has nothing left to stop but what is late. */
function reasonOf(outcome: Outcome): StopReason {
  switch (outcome.status) {
    case 'interrupted':
    case 'cut':
      return outcome.reason
    case 'failed':
      return outcome.fault.code === 'deadline_exceeded' ? 'deadline' : 'replaced'
    case 'complete':
      return 'replaced'
    default:
      return unreachable(outcome)
  }
}
