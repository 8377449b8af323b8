// Tells from the messages to the caller whether something is being said: a node that shuts down lets it be finished. Pure.
import type { UnnumberedDown } from '#shared/protocol/session-messages.ts'

export function isInTurnAfter(message: UnnumberedDown, wasInTurn: boolean): boolean {
  switch (message.type) {
    case 'utterance.started':
    case 'transcript.final':
    case 'reply.started':
      return true
    case 'utterance.ended':
      return message.reason !== 'cleared' && message.reason !== 'noSpeech'
    case 'reply.done':
      return false
    default:
      return wasInTurn
  }
}
