// What the turn's state machine does at a command: text was typed, the reply is to stop, the session ends.
// Pure; cells of the table in turn-reduce.ts.
import { hasWords } from './same-words.ts'
import type { ClosedUtterance, Cut, Of, StateIn, Step, TurnEffect, TurnState } from './turn-state.ts'
import { attendTo, dropSpeculation, forget, isClosed, settle, settleUtterance, tellClosed } from './utterance-steps.ts'

const BARGE_IN: Cut = { status: 'interrupted', reason: 'bargeIn' }

// --- text.send: it takes the floor at once ---

/** The text takes the floor from an utterance. One that was said to its end keeps the words that are known. */
export function typedInstead({ utterance }: StateIn['open' | 'finishing'], event: Of<'textSent'>): Step {
  if (!utterance) return takeTyped(event, [])
  return takeTyped(
    event,
    isClosed(utterance)
      ? [...tellClosed(utterance), ...settleUtterance(utterance, BARGE_IN)]
      : forget(utterance, { atSample: event.atSample, reason: 'cleared' }),
  )
}

/** The text takes the floor from a reply, and from a sound during it. */
export function typedOver({ reply, next }: StateIn['replying' | 'paused'], event: Of<'textSent'>): Step {
  const isKept = next !== undefined && isClosed(next) && hasWords(next.words)
  const kept = isKept ? [...attendTo(next, true).effects, ...settleUtterance(next, BARGE_IN)] : []
  return takeTyped(event, [settle(reply, BARGE_IN), ...(next && !isKept ? forget(next) : kept)])
}

function takeTyped({ turnId, text }: Of<'textSent'>, before: TurnEffect[]): Step {
  const reply = { turnId, attempt: 1 }
  return {
    state: { type: 'thinking', reply, next: undefined },
    effects: [
      ...before,
      { type: 'takeText', turnId, text },
      { type: 'startReply', reply, text, isSpeculative: false },
      { type: 'releaseReply', reply },
    ],
  }
}

// --- reply.interrupt ---

export function interruptReply({ reply, next }: StateIn['replying' | 'paused']): Step {
  const attended = attendTo(next, true)
  return { state: attended.state, effects: [settle(reply, BARGE_IN), ...attended.effects] }
}

/** The final text is on the way: it comes and is kept, and no reply follows. */
export const stopFinishing = ({ utterance }: StateIn['finishing']): Step => part(utterance, BARGE_IN)

// --- the end of the session ---

/** What is being said is over; its final text is waited for where there is time. */
export function endOpen({ utterance }: StateIn['open'], event: Of<'ended'>): Step {
  if (!utterance) return over([])
  if (!event.waits) return over(settleUtterance(utterance, cutOf(event)))
  const { turnId } = utterance
  const { atSample } = event
  const step = part({ ...utterance, closed: { atSample, reason: 'commit', isTold: true } }, cutOf(event))
  return {
    state: step.state,
    effects: [
      { type: 'finishRecognition', turnId },
      { type: 'tellEnded', turnId, atSample, reason: 'commit' },
      ...step.effects,
    ],
  }
}

/** The words that are known are taken where the final text has had its time. */
export function endFinishing({ utterance }: StateIn['finishing'], event: Of<'ended'>): Step {
  const outcome = utterance.closed.outcome ?? cutOf(event)
  return event.waits
    ? part(utterance, outcome)
    : over([...tellClosed(utterance), ...settleUtterance(utterance, outcome)])
}

/** A sound in doubt is kept as an utterance is, if there is a word of it. */
export function endReply({ reply, next }: StateIn['replying' | 'paused'], event: Of<'ended'>): Step {
  const settled = settle(reply, cutOf(event))
  if (!next) return over([settled])
  if (!event.waits && !hasWords(next.words)) return over([settled, ...forget(next)])
  const { state, effects } = attendTo(next, true)
  const step = state.type === 'finishing' ? endFinishing(state, event) : endAttended(state, event)
  return { state: step.state, effects: [settled, ...effects, ...step.effects] }
}

const endAttended = (state: TurnState, event: Of<'ended'>): Step =>
  state.type === 'listening' || state.type === 'interrupted' ? endOpen(state, event) : over([])

/** Its turn ends with this outcome once its final text is here, and there is no reply to it. */
const part = (utterance: ClosedUtterance, outcome: Cut): Step => ({
  state: {
    type: 'finishing',
    utterance: { ...utterance, speculation: undefined, closed: { ...utterance.closed, outcome } },
  },
  effects: dropSpeculation(utterance),
})

const over = (effects: TurnEffect[]): Step => ({
  state: { type: 'listening', utterance: undefined },
  effects: [...effects, { type: 'dropRest' }],
})

const cutOf = ({ status, reason }: Cut): Cut => ({ status, reason })
