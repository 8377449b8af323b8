// What the turn's state machine does when a reply makes itself known: it became audible, was heard to the end, or failed.
// Pure; called by reduce().
import type { ReplyKey, Step, TurnEvent, TurnState } from './turn-state.ts'
import { sameReply } from './turn-state.ts'
import { attendTo, heldUtterance, settle, unchanged, withUtterance } from './utterance-steps.ts'

export function replyAudible(state: TurnState, reply: ReplyKey): Step {
  if (state.phase !== 'thinking' || !sameReply(state.reply, reply)) return unchanged(state)
  return unchanged({ ...state, phase: 'speaking' })
}

export function replyHeard(state: TurnState, reply: ReplyKey): Step {
  if ((state.phase !== 'speaking' && state.phase !== 'thinking') || !sameReply(state.reply, reply))
    return unchanged(state)
  const attended = attendTo(state.next, false)
  return { state: attended.state, effects: [settle(reply, { status: 'complete' }), ...attended.effects] }
}

export function replyFailed(state: TurnState, event: Extract<TurnEvent, { type: 'replyFailed' }>): Step {
  switch (state.phase) {
    case 'thinking':
    case 'speaking':
    case 'paused': {
      if (!sameReply(state.reply, event.reply)) return unchanged(state)
      const attended = attendTo(state.next, false)
      return {
        state: attended.state,
        effects: [settle(event.reply, { status: 'failed', fault: event.fault }), ...attended.effects],
      }
    }
    default:
      return speculationFailed(state, event.reply)
  }
}

/** Nobody waits for it yet: the final text gets an attempt of its own. */
function speculationFailed(state: TurnState, reply: ReplyKey): Step {
  const utterance = heldUtterance(state)
  if (utterance?.turnId !== reply.turnId || utterance.speculation?.attempt !== reply.attempt) return unchanged(state)
  return {
    state: withUtterance(state, { ...utterance, speculation: undefined }),
    effects: [{ type: 'dropReply', reply }],
  }
}
