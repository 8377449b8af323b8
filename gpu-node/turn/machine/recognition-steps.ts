// What the turn's state machine does with texts: partial ones, snapshots to speculate on, the final one, or none.
// Pure; cells of the table in turn-reduce.ts.
import { MAX_SPECULATIONS } from '#shared/model/turn-options.ts'
import { hasWords, saysTheSame } from './same-words.ts'
import type { AnyUtterance, ClosedUtterance, Of, ReplyKey, StateIn, Step, TurnEffect, TurnState } from './turn-state.ts'
import {
  dropSpeculation,
  forget,
  heldUtterance,
  isClosed,
  resume,
  settleUtterance,
  takeFloor,
  tellClosed,
  unchanged,
  withUtterance,
} from './utterance-steps.ts'

// --- partial texts ---

export const hearPartial = (state: TurnState, { turnId, text }: Of<'partial'>, about: AnyUtterance): Step => ({
  state: withUtterance(state, { ...about, words: text }),
  effects: [{ type: 'tellPartial', turnId, text }],
})

/** A word of a sound that has held the reply already ends it; a shorter sound is heard to its end first. */
export function partialInDoubt(state: StateIn['replying'], { text }: Of<'partial'>, about: AnyUtterance): Step {
  const told = { ...about, words: text }
  return told.isInsistent && hasWords(text) ? takeFloor(state.reply, told) : unchanged(withUtterance(state, told))
}

export function partialInPause(state: StateIn['paused'], { text }: Of<'partial'>, about: AnyUtterance): Step {
  const told = { ...about, words: text }
  return hasWords(text) ? takeFloor(state.reply, told) : unchanged(withUtterance(state, told))
}

// --- snapshots ---

/** The text at a soft end. It is good until the caller goes on; a hard end that came meanwhile takes nothing from it. */
export function speculate(state: TurnState, { turnId, pause, text }: Of<'snapshot'>, about: AnyUtterance): Step {
  const isWanted = about.pause === pause && hasWords(text) && !about.speculation
  const isParting = isClosed(about) && about.closed.outcome !== undefined
  if (!isWanted || isParting || about.speculations >= MAX_SPECULATIONS) return unchanged(state)
  const attempt = about.speculations + 1
  const begun = { ...about, words: text, speculations: attempt, speculation: { attempt, text } }
  return {
    state: withUtterance(state, begun),
    effects: [{ type: 'startReply', reply: { turnId, attempt }, text, isSpeculative: true }],
  }
}

export function speculateInPause(state: StateIn['paused'], event: Of<'snapshot'>, about: AnyUtterance): Step {
  const { pause, text } = event
  if (about.pause !== pause || !hasWords(text)) return unchanged(state)
  const floor = takeFloor(state.reply, { ...about, words: text })
  const step = speculate(floor.state, event, heldUtterance(floor.state) ?? about)
  return { state: step.state, effects: [...floor.effects, ...step.effects] }
}

// --- the final text ---

export function answerFinal(_: TurnState, { text }: Of<'transcribed'>, about: ClosedUtterance): Step {
  return hasWords(text) ? answer(about, text) : endWordless(about)
}

/** The sound did not hold the reply. */
export function finalInDoubt(state: StateIn['replying'], { text }: Of<'transcribed'>, about: ClosedUtterance): Step {
  if (hasWords(text)) return takeFloorAndAnswer(state.reply, about, text)
  return { state: { ...state, next: undefined }, effects: forget(about) }
}

export function finalInPause(state: StateIn['paused'], { text }: Of<'transcribed'>, about: ClosedUtterance): Step {
  return hasWords(text) ? takeFloorAndAnswer(state.reply, about, text) : resume(state)
}

function takeFloorAndAnswer(reply: ReplyKey, next: ClosedUtterance, text: string): Step {
  const heard = { ...next, words: text }
  const floor = takeFloor(reply, heard)
  const step = answer({ ...heard, closed: { ...heard.closed, isTold: true } }, text)
  return { state: step.state, effects: [...floor.effects, ...step.effects] }
}

/** A speculation on the same text is kept, another is replaced; a turn that is to end without a reply gets none. */
function answer(utterance: ClosedUtterance, text: string): Step {
  const { turnId, speculation, closed } = utterance
  const told = tellClosed({ ...utterance, words: text })
  const take: TurnEffect = { type: 'takeText', turnId, text }
  const { outcome } = closed
  if (outcome) {
    const settled: TurnEffect[] = [...dropSpeculation(utterance), take, { type: 'settleTurn', turnId, outcome }]
    return { state: { type: 'listening', utterance: undefined }, effects: [...told, ...settled] }
  }
  const isKept = speculation !== undefined && saysTheSame(speculation.text, text)
  const reply = { turnId, attempt: isKept ? speculation.attempt : utterance.speculations + 1 }
  const start: TurnEffect = { type: 'startReply', reply, text, isSpeculative: false }
  const release: TurnEffect = { type: 'releaseReply', reply }
  return {
    state: { type: 'thinking', reply, next: undefined },
    effects: isKept ? [...told, take, release] : [...told, ...dropSpeculation(utterance), take, start, release],
  }
}

const endWordless = (utterance: ClosedUtterance): Step => ({
  state: { type: 'listening', utterance: undefined },
  effects: forget(utterance, { atSample: utterance.closed.atSample, reason: 'noSpeech' }),
})

// --- no text ---

/** With words it is a failed turn, and settling tells the fault; without, it is dropped. */
export function failUtterance(_: TurnState, event: Of<'recognitionFailed'>, about: AnyUtterance): Step {
  const { turnId, atSample, fault } = event
  const told: TurnEffect[] = hasWords(about.words) ? [] : [{ type: 'tellFault', fault, turnId }]
  if (!isClosed(about) || !about.closed.isTold) told.push({ type: 'tellEnded', turnId, atSample, reason: 'cleared' })
  const outcome = (isClosed(about) && about.closed.outcome) || { status: 'failed' as const, fault }
  return {
    state: { type: 'listening', utterance: undefined },
    effects: [...told, ...settleUtterance(about, outcome)],
  }
}

export const failDoubt = (
  state: StateIn['replying'],
  { fault }: Of<'recognitionFailed'>,
  about: AnyUtterance,
): Step => ({ state: { ...state, next: undefined }, effects: [{ type: 'tellFault', fault }, ...forget(about)] })

export function failPause(state: StateIn['paused'], { fault }: Of<'recognitionFailed'>): Step {
  const step = resume(state)
  return { state: step.state, effects: [{ type: 'tellFault', fault }, ...step.effects] }
}
