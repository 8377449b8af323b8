// What the outbox keeps: a turn that is over, and where it belongs. The body of turn.finished on the control wire.
import * as v from 'valibot'
import { TurnRecord } from '#shared/model/turn.ts'
import { ConversationIdSchema, SessionIdSchema } from '#shared/model/ids.ts'

export const FinishedTurn = v.object({
  sessionId: SessionIdSchema,
  conversationId: ConversationIdSchema,
  turn: TurnRecord,
})
export type FinishedTurn = v.InferOutput<typeof FinishedTurn>
