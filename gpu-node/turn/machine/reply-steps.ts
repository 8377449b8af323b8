// What the turn's state machine does when a reply makes itself known: it became audible, was heard to the end, failed, or has
// been held for too long. Pure; cells of the table in turn-reduce.ts.
import type { Of, StateIn, Step, TurnState } from './turn-state.ts'
import { attendTo, heldUtterance, settle, unchanged, withUtterance } from './utterance-steps.ts'

export const audible = (state: StateIn['replying']): Step => unchanged({ ...state, type: 'speaking' })

export function heard({ reply, next }: StateIn['replying']): Step {
  const attended = attendTo(next, false)
  return { state: attended.state, effects: [settle(reply, { status: 'complete' }), ...attended.effects] }
}

export function failReply({ reply, next }: StateIn['replying' | 'paused'], { fault }: Of<'replyFailed'>): Step {
  const attended = attendTo(next, false)
  return { state: attended.state, effects: [settle(reply, { status: 'failed', fault }), ...attended.effects] }
}

/** Nobody waits for it yet: the final text gets an attempt of its own. */
export function failSpeculation(state: TurnState, { reply }: Of<'replyFailed'>): Step {
  const utterance = heldUtterance(state)
  return {
    state: utterance ? withUtterance(state, { ...utterance, speculation: undefined }) : state,
    effects: [{ type: 'dropReply', reply }],
  }
}

/** A sound goes on without a word: the reply does, too, and a word that comes later still ends it. */
export function resumeWithDoubt({ reply, wasAudible, next }: StateIn['paused']): Step {
  return {
    state: { type: wasAudible ? 'speaking' : 'thinking', reply, next },
    effects: [{ type: 'resumeReply', reply }],
  }
}
