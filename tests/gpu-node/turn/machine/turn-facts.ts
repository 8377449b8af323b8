// Utterances, replies and rows for the tables that the reducer is tested by.
import type { Fault } from '#shared/fault.ts'
import type { TurnId } from '#shared/ids.ts'
import type { ClosedUtterance, TurnEffect, TurnEvent, TurnState, Utterance } from '#gpu-node/turn/machine/turn-state.ts'

export const A: TurnId = 'trn_a'
export const B: TurnId = 'trn_b'
export const FAULT: Fault = { code: 'internal' }
export const OPTIONS = { speculation: true }

export const utterance = (turnId: TurnId, facts: Partial<Utterance> = {}): Utterance => ({
  turnId,
  atSample: 100,
  words: '',
  pause: undefined,
  speculations: 0,
  speculation: undefined,
  isInsistent: false,
  ...facts,
})
export const closed = (turnId: TurnId, facts: Partial<Utterance> = {}, isTold = false): ClosedUtterance => ({
  ...utterance(turnId, facts),
  closed: { atSample: 900, reason: 'silence', isTold },
})
export const reply = { turnId: A, attempt: 1 }
export const speculating = { words: 'hi', pause: 1, speculations: 1, speculation: { attempt: 1, text: 'hi' } }
export const interruptedA: TurnEffect = {
  type: 'settleTurn',
  turnId: A,
  reply,
  outcome: { status: 'interrupted', reason: 'bargeIn' },
}

export interface Row {
  when: string
  state: TurnState
  event: TurnEvent
  next: TurnState
  effects: TurnEffect[]
}
