// What the turn's state machine does with texts: partial ones, snapshots to speculate on, the final one, or none.
// Pure; called by reduce().
import type { ClosedUtterance, Step, TurnEffect, TurnEvent, TurnState, Utterance } from './turn-state.ts'
import { MAX_SPECULATIONS } from '#shared/model/turn-options.ts'
import {
  dropSpeculation,
  forget,
  isClosed,
  resume,
  settleUtterance,
  takeFloor,
  tellClosed,
  unchanged,
  utteranceIn,
  withUtterance,
} from './utterance-steps.ts'
import { hasWords, saysTheSame } from './same-words.ts'

type Of<T extends TurnEvent['type']> = Extract<TurnEvent, { type: T }>

export function hearPartial(state: TurnState, { turnId, text }: Of<'partial'>): Step {
  const utterance = utteranceIn(state, turnId)
  if (!utterance) return unchanged(state)
  const told = { ...utterance, words: text }
  switch (state.phase) {
    case 'thinking':
    case 'speaking':
      return unchanged(withUtterance(state, told))
    case 'paused':
      return hasWords(text) ? takeFloor(state.reply, told) : unchanged(withUtterance(state, told))
    default:
      return { state: withUtterance(state, told), effects: [{ type: 'tellPartial', turnId, text }] }
  }
}

/** The text at a soft end. It is good until the caller goes on; a hard end that came meanwhile takes nothing from it. */
export function hearSnapshot(state: TurnState, event: Of<'snapshot'>): Step {
  const utterance = utteranceIn(state, event.turnId)
  if (!utterance || utterance.pause !== event.pause || !hasWords(event.text)) return unchanged(state)
  switch (state.phase) {
    case 'paused': {
      const floor = takeFloor(state.reply, { ...utterance, words: event.text })
      const step = speculate(floor.state, event)
      return { state: step.state, effects: [...floor.effects, ...step.effects] }
    }
    case 'listening':
    case 'interrupted':
    case 'finishing':
      return speculate(state, event)
    default:
      return unchanged(state)
  }
}

function speculate(state: TurnState, { turnId, text }: Of<'snapshot'>): Step {
  const utterance = utteranceIn(state, turnId)
  if (!utterance || utterance.speculation || utterance.speculations >= MAX_SPECULATIONS) return unchanged(state)
  const attempt = utterance.speculations + 1
  const begun = { ...utterance, words: text, speculations: attempt, speculation: { attempt, text } }
  return {
    state: withUtterance(state, begun),
    effects: [{ type: 'startReply', reply: { turnId, attempt }, text, isSpeculative: true }],
  }
}

export function transcribed(state: TurnState, { turnId, text }: Of<'transcribed'>): Step {
  const utterance = utteranceIn(state, turnId)
  if (!utterance || !isClosed(utterance)) return unchanged(state)
  if (state.phase === 'finishing') return hasWords(text) ? answer(utterance, text) : endWordless(utterance)
  if (state.phase !== 'paused') return unchanged(state)
  if (!hasWords(text)) return resume(state)
  const floor = takeFloor(state.reply, { ...utterance, words: text })
  const attended = utteranceIn(floor.state, turnId)
  const step = answer(attended && isClosed(attended) ? attended : utterance, text)
  return { state: step.state, effects: [...floor.effects, ...step.effects] }
}

/** The final text is here: a speculation on the same text is kept, another is replaced. */
function answer(utterance: ClosedUtterance, text: string): Step {
  const { turnId, speculation } = utterance
  const isKept = speculation !== undefined && saysTheSame(speculation.text, text)
  const reply = { turnId, attempt: isKept ? speculation.attempt : utterance.speculations + 1 }
  const effects = tellClosed({ ...utterance, words: text })
  if (!isKept) effects.push(...dropSpeculation(utterance))
  effects.push({ type: 'takeText', turnId, text })
  if (!isKept) effects.push({ type: 'startReply', reply, text, isSpeculative: false })
  effects.push({ type: 'releaseReply', reply })
  return { state: { phase: 'thinking', reply, next: undefined }, effects }
}

function endWordless(utterance: ClosedUtterance): Step {
  return {
    state: { phase: 'listening', utterance: undefined },
    effects: forget(utterance, { atSample: utterance.closed.atSample, reason: 'noSpeech' }),
  }
}

export function recognitionFailed(state: TurnState, event: Of<'recognitionFailed'>): Step {
  const { turnId, fault } = event
  const utterance = utteranceIn(state, turnId)
  if (!utterance) return unchanged(state)
  switch (state.phase) {
    case 'thinking':
    case 'speaking':
      return { state: { ...state, next: undefined }, effects: [{ type: 'tellFault', fault }, ...forget(utterance)] }
    case 'paused': {
      const step = resume(state)
      return { state: step.state, effects: [{ type: 'tellFault', fault }, ...step.effects] }
    }
    default:
      return { state: { phase: 'listening', utterance: undefined }, effects: failUtterance(utterance, event) }
  }
}

/** With words it is a failed turn, and settling tells the fault; without, it is dropped. */
function failUtterance(utterance: Utterance | ClosedUtterance, event: Of<'recognitionFailed'>): TurnEffect[] {
  const { turnId, atSample, fault } = event
  const told: TurnEffect[] = hasWords(utterance.words) ? [] : [{ type: 'tellFault', fault, turnId }]
  if (!isClosed(utterance) || !utterance.closed.isTold)
    told.push({ type: 'tellEnded', turnId, atSample, reason: 'cleared' })
  return [...told, ...settleUtterance(utterance, { status: 'failed', fault })]
}
