// The turn's state machine: reduce(state, event) → state and effects. Pure; turn-runner.ts feeds it and turn-effects.ts
// does what it wants. An event of an utterance or a reply that is no longer there changes nothing: late results are void.
import { unreachable } from '#shared/invariant.ts'
import { hearPartial, hearSnapshot, recognitionFailed, transcribed } from './recognition-steps.ts'
import { replyAudible, replyFailed, replyHeard } from './reply-steps.ts'
import { cleared, ended, insisted, paused, started, wentOn } from './speech-steps.ts'
import { endAll, interruptReply, takeTyped } from './command-steps.ts'
import type { ReducerOptions, Step, TurnEvent, TurnState } from './turn-state.ts'

export const LISTENING: TurnState = { phase: 'listening', utterance: undefined }

export function reduce(state: TurnState, event: TurnEvent, options: ReducerOptions): Step {
  switch (event.type) {
    case 'speechStarted':
    case 'speechInsisted':
    case 'speechPaused':
    case 'speechWentOn':
    case 'speechEnded':
    case 'speechCleared':
      return reduceSpeech(state, event, options)
    default:
      return reduceText(state, event)
  }
}

type SpeechEvent = Extract<TurnEvent, { type: `speech${string}` }>

function reduceSpeech(state: TurnState, event: SpeechEvent, options: ReducerOptions): Step {
  switch (event.type) {
    case 'speechStarted':
      return started(state, event)
    case 'speechInsisted':
      return insisted(state, event.turnId)
    case 'speechPaused':
      return paused(state, event, options)
    case 'speechWentOn':
      return wentOn(state, event.turnId)
    case 'speechEnded':
      return ended(state, event)
    case 'speechCleared':
      return cleared(state, event)
    default:
      return unreachable(event)
  }
}

function reduceText(state: TurnState, event: Exclude<TurnEvent, SpeechEvent>): Step {
  switch (event.type) {
    case 'partial':
      return hearPartial(state, event)
    case 'snapshot':
      return hearSnapshot(state, event)
    case 'transcribed':
      return transcribed(state, event)
    case 'recognitionFailed':
      return recognitionFailed(state, event)
    default:
      return reduceReply(state, event)
  }
}

type CommandEvent = Extract<TurnEvent, { type: 'textSent' | 'interruptSent' | 'ended' }>

function reduceReply(state: TurnState, event: Extract<TurnEvent, { type: `reply${string}` }> | CommandEvent): Step {
  switch (event.type) {
    case 'replyAudible':
      return replyAudible(state, event.reply)
    case 'replyHeard':
      return replyHeard(state, event.reply)
    case 'replyFailed':
      return replyFailed(state, event)
    default:
      return reduceCommand(state, event)
  }
}

function reduceCommand(state: TurnState, event: CommandEvent): Step {
  switch (event.type) {
    case 'textSent':
      return takeTyped(state, event)
    case 'interruptSent':
      return interruptReply(state)
    case 'ended':
      return endAll(state, event)
    default:
      return unreachable(event)
  }
}
