// The transitions of a turn as one table: (state, event) → state and effects. Pure; turn-runner.ts feeds it and
// turn-effects.ts performs the effects. What a cell does stands in the *-steps.ts files. An empty cell changes nothing, and
// neither does an event about an utterance or a reply that the state no longer holds: late results are void.
import {
  endFinishing,
  endOpen,
  endReply,
  interruptReply,
  stopFinishing,
  typedInstead,
  typedOver,
} from './command-steps.ts'
import { answerFinal, failDoubt, failPause, failUtterance, finalInDoubt, finalInPause } from './recognition-steps.ts'
import { hearPartial, partialInDoubt, partialInPause, speculate, speculateInPause } from './recognition-steps.ts'
import { audible, failReply, failSpeculation, heard, resumeWithDoubt } from './reply-steps.ts'
import {
  begin,
  beginInDoubt,
  clear,
  clearDoubt,
  clearPause,
  close,
  closeDoubt,
  closePause,
  goOn,
  hold,
} from './speech-steps.ts'
import { askText, notePause, refuse } from './speech-steps.ts'
import type { Cell, EventType, ReducerOptions, ReplyKey, StateIn, Step, TurnEvent, TurnState } from './turn-state.ts'
import { sameReply } from './turn-state.ts'
import { heldUtterance, isClosed, unchanged } from './utterance-steps.ts'

export const LISTENING: TurnState = { type: 'listening', utterance: undefined }

const COLUMNS = {
  listening: 'open',
  interrupted: 'open',
  finishing: 'finishing',
  thinking: 'replying',
  speaking: 'replying',
  paused: 'paused',
} as const satisfies Record<TurnState['type'], keyof StateIn>

const TABLE: { [E in EventType]: { [C in keyof StateIn]?: Cell<C, E> } } = {
  speechStarted: { open: begin, finishing: refuse, replying: beginInDoubt, paused: refuse },
  speechInsisted: { replying: hold },
  speechPaused: { open: askText, replying: notePause, paused: askText },
  speechWentOn: { open: goOn, replying: goOn, paused: goOn },
  speechEnded: { open: close, replying: closeDoubt, paused: closePause },
  speechCleared: { open: clear, replying: clearDoubt, paused: clearPause },
  partial: { open: hearPartial, finishing: hearPartial, replying: partialInDoubt, paused: partialInPause },
  snapshot: { open: speculate, finishing: speculate, paused: speculateInPause },
  transcribed: { finishing: answerFinal, replying: finalInDoubt, paused: finalInPause },
  recognitionFailed: { open: failUtterance, finishing: failUtterance, replying: failDoubt, paused: failPause },
  replyAudible: { replying: audible },
  replyHeard: { replying: heard },
  replyFailed: { open: failSpeculation, finishing: failSpeculation, replying: failReply, paused: failReply },
  pauseLasted: { paused: resumeWithDoubt },
  textSent: { open: typedInstead, finishing: typedInstead, replying: typedOver, paused: typedOver },
  interruptSent: { finishing: stopFinishing, replying: interruptReply, paused: interruptReply },
  ended: { open: endOpen, finishing: endFinishing, replying: endReply, paused: endReply },
}

export function reduce(state: TurnState, event: TurnEvent, options: ReducerOptions): Step {
  if (isVoid(state, event)) return unchanged(state)
  // The keys are the state's and the event's own types: TypeScript cannot see that the unions move together.
  const cell = TABLE[event.type][COLUMNS[state.type]] as AnyCell | undefined
  return cell ? cell(state, event, heldUtterance(state), options) : unchanged(state)
}

type AnyCell = (
  state: TurnState,
  event: TurnEvent,
  about: ReturnType<typeof heldUtterance>,
  options: ReducerOptions,
) => Step

/** Whether the event is about an utterance or a reply that the state does not hold, or no longer as the event has it. */
function isVoid(state: TurnState, event: TurnEvent): boolean {
  const utterance = heldUtterance(state)
  switch (event.type) {
    case 'speechStarted':
    case 'textSent':
    case 'interruptSent':
    case 'ended':
      return false
    case 'partial':
    case 'snapshot':
    case 'recognitionFailed':
      return utterance?.turnId !== event.turnId
    case 'transcribed':
      return utterance?.turnId !== event.turnId || !isClosed(utterance)
    case 'replyAudible':
    case 'replyHeard':
    case 'replyFailed':
    case 'pauseLasted':
      return !holdsReply(state, event.reply)
    default:
      return utterance?.turnId !== event.turnId || isClosed(utterance)
  }
}

function holdsReply(state: TurnState, reply: ReplyKey): boolean {
  if ('reply' in state) return sameReply(state.reply, reply)
  const { utterance } = state
  return utterance?.turnId === reply.turnId && utterance.speculation?.attempt === reply.attempt
}
