// /api/conversations and /api/conversations/:id: what was said, turn by turn, page by page. Another user's conversation is not
// found: nobody else learns that it exists. An operator's key sees everybody's.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import { isId, type ConversationId } from '#shared/ids.ts'
import { Conversation, ConversationSummary } from '#shared/model/conversation.ts'
import { ownerOf } from '#edge/http/access/owner-of.ts'
import { ConversationCursor, cursorOf, TurnCursor } from '#edge/http/plumbing/cursor.ts'
import { dropFiles } from '#edge/drop-files.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { wholeNumber } from '#edge/http/operation/whole-number.ts'
import { PersonaIdSchema } from '#shared/model/ids.ts'

/** The most conversations, and the most turns, of one page. */
const MAX_PAGE = 100
const MAX_TURNS_PAGE = 1_000
const MAX_QUERY_CHARS = 200

/** The end of the year 9999. */
const Time = wholeNumber(0, 253_402_300_799_999)
export const Words = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MAX_QUERY_CHARS))

const ListQuery = v.object({
  limit: v.optional(wholeNumber(1, MAX_PAGE), '20'),
  cursor: ConversationCursor,
  persona: v.optional(PersonaIdSchema),
  from: v.optional(v.pipe(Time, v.description('Changed at or after this time, in epoch milliseconds'))),
  to: v.optional(v.pipe(Time, v.description('Changed before this time, in epoch milliseconds'))),
  'has-audio': v.optional(v.pipe(v.picklist(['true', 'false']), v.description('Whether some of its sound is kept'))),
  text: v.optional(v.pipe(Words, v.description('Words that were said in it'))),
})
const TurnsQuery = v.object({
  limit: v.optional(wholeNumber(1, MAX_TURNS_PAGE), String(MAX_TURNS_PAGE)),
  cursor: TurnCursor,
})

const NextCursor = v.nullable(v.string())
const ListPage = named(
  'ConversationPage',
  v.object({ conversations: v.array(ConversationSummary), nextCursor: NextCursor }),
)
const TurnsPage = named('ConversationTurnsPage', v.object({ ...Conversation.entries, nextCursor: NextCursor }))

export function conversationRoutes(ports: OperationPorts & Pick<EdgePorts, 'blobs'>) {
  const { store } = ports
  const { list, one, remove } = operationsOf(ports)
  return new Hono<OperationEnv>()
    .get('/conversations', list, async (c) => {
      const { limit, cursor, persona: personaId, from, to, text, 'has-audio': audio } = c.req.valid('query')
      const [updatedAt, id] = cursor ?? []
      const before = updatedAt === undefined || id === undefined ? undefined : { updatedAt, id }
      const hasAudio = audio === undefined ? undefined : audio === 'true'
      const query = { limit, before, personaId, from, to, text, hasAudio }
      const conversations = await store.history.listConversations(ownerOf(c.get('caller')), query)
      const last = conversations.length === limit ? conversations.at(-1) : undefined
      return c.json({ conversations, nextCursor: last ? cursorOf(last.updatedAt, last.id) : null })
    })
    .get('/conversations/:id', one, async (c) => {
      const { limit, cursor } = c.req.valid('query')
      const [startedAt, turn] = cursor ?? []
      const before = startedAt === undefined || turn === undefined ? undefined : { startedAt, turn }
      const id = conversationIdOf(c.req.param('id'))
      const found = await store.history.conversation(ownerOf(c.get('caller')), id, { limit, before })
      if (!found) throw notFound('conversation', id)
      const first = found.turns.length === limit ? found.turns[0] : undefined
      return c.json({ ...found, nextCursor: first ? cursorOf(first.startedAt, first.turn) : null })
    })
    .delete('/conversations/:id', remove, async (c) => {
      const id = conversationIdOf(c.req.param('id'))
      const outcome = await store.edits.deleteConversation(ownerOf(c.get('caller')), id)
      if (outcome === 'unknown') throw notFound('conversation', id)
      if (outcome === 'live')
        throw new FaultError({ code: 'conflict', kind: 'conversation', id, found: 'a live session' })
      await dropFiles(ports, outcome)
      return c.body(null, 204)
    })
}

export function conversationIdOf(text: string): ConversationId {
  if (!isId('conversation', text)) throw notFound('conversation', text)
  return text
}

function operationsOf(ports: OperationPorts) {
  const tag = 'history'
  const list = operation(ports, {
    summary: 'Your conversations, the newest first',
    tag,
    needs: 'history:read',
    rate: 'read',
    query: ListQuery,
    answers: { 200: ListPage },
  })
  const one = operation(ports, {
    summary: 'One conversation with its newest turns, oldest first',
    tag,
    needs: 'history:read',
    rate: 'read',
    query: TurnsQuery,
    answers: { 200: TurnsPage },
    refuses: ['not_found'],
  })
  const remove = operation(ports, {
    summary: 'Delete a conversation with all that was said in it',
    tag,
    needs: 'history:write',
    rate: 'write',
    answers: { 204: null },
    refuses: ['not_found', 'conflict'],
  })
  return { list, one, remove }
}
