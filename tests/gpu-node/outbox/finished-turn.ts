// A finished turn on its way through the outbox.
import { newId } from '#shared/ids.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import type { FinishedTurn } from '#gpu-node/outbox/finished-turn.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'

export function finishedTurn(facts: Partial<TurnRecord> = {}): FinishedTurn {
  return { sessionId: newId('session'), conversationId: newId('conversation'), turn: turnRecord(facts) }
}
