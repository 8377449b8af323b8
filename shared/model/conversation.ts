// The stored, durable thread of turns; it may span several sessions. What GET /api/conversations answers.
import type { ConversationId, PersonaId } from '#shared/ids.ts'
import type { TurnRecord } from './turn.ts'

export interface ConversationSummary {
  id: ConversationId
  personaId: PersonaId
  createdAt: number
  updatedAt: number
  turnCount: number
  /** The first utterance, for a list; empty while nothing was said. */
  title: string
}

export interface Conversation extends ConversationSummary {
  /** Oldest first. */
  turns: TurnRecord[]
}
