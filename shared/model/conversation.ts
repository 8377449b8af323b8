// The stored, durable thread of turns; it may span several sessions. What GET /api/conversations answers.
import * as v from 'valibot'
import { TurnRecord } from './turn.ts'
import { ConversationIdSchema, PersonaIdSchema } from './ids.ts'

export const ConversationSummary = v.object({
  id: ConversationIdSchema,
  personaId: PersonaIdSchema,
  createdAt: v.number(),
  updatedAt: v.number(),
  turnCount: v.number(),
  /** The first utterance, for a list; empty while nothing was said. */
  title: v.string(),
})
export type ConversationSummary = v.InferOutput<typeof ConversationSummary>

export const Conversation = v.object({
  ...ConversationSummary.entries,
  /** Oldest first. */
  turns: v.array(TurnRecord),
})
export type Conversation = v.InferOutput<typeof Conversation>
