// Which turn a path names, by its ordinal in the conversation or by its id, where the caller may read it.
import type { Caller } from '#shared/model/caller.ts'
import type { EdgePorts } from '#edge/ports.ts'
import { notFound } from '#shared/fault.ts'
import { isId, type ConversationId, type TurnId } from '#shared/ids.ts'
import { ownerOf } from '#edge/http/access/owner-of.ts'
import { conversationIdOf } from './conversations.ts'

/** Throws FaultError not_found. */
export async function findTurn(
  { edits }: Pick<EdgePorts['store'], 'edits'>,
  caller: Caller,
  path: { id: string; turn: string },
): Promise<[ConversationId, TurnId]> {
  const id = conversationIdOf(path.id)
  const which = isId('turn', path.turn) ? path.turn : /^\d{1,5}$/.test(path.turn) ? Number(path.turn) : undefined
  const turnId = which === undefined ? undefined : await edits.turnId(ownerOf(caller), id, which)
  if (turnId === undefined) throw notFound('turn', path.turn)
  return [id, turnId]
}
