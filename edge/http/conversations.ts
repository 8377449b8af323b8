// GET /api/conversations and GET /api/conversations/:id: what was said, turn by turn. Another user's conversation is not
// there at all: its existence is nobody else's business.
import { Hono } from 'hono'
import * as v from 'valibot'
import { notFound } from '#shared/fault.ts'
import { isId } from '#shared/ids.ts'
import { Conversation, ConversationSummary } from '#shared/model/conversation.ts'
import { operation, type OperationEnv, type OperationPorts } from './operation.ts'
import { readQuery, wholeNumber } from './read-body.ts'

/** Conversations of one page. */
const MAX_PAGE = 100
const DEFAULT_PAGE = '20'

const Page = v.object({
  limit: v.optional(wholeNumber(1, MAX_PAGE), DEFAULT_PAGE),
  /** Older than this updatedAt: the `nextBefore` of the page before. */
  before: v.optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
})

const ConversationPage = v.object({
  conversations: v.array(ConversationSummary),
  /** The `before` of the next page; null where there is none. */
  nextBefore: v.nullable(v.number()),
})

export function conversationRoutes(ports: OperationPorts) {
  const list = operation(ports, {
    summary: 'Your conversations, the newest first',
    tag: 'history',
    needs: 'history:read',
    rate: 'read',
    query: Page,
    answers: { 200: ConversationPage },
  })
  const one = operation(ports, {
    summary: 'One conversation, turn by turn',
    tag: 'history',
    needs: 'history:read',
    rate: 'read',
    answers: { 200: Conversation },
    refuses: ['not_found'],
  })
  return new Hono<OperationEnv>()
    .get('/conversations', list, async (c) => {
      const { userId } = c.get('caller')
      const page = readQuery(c, Page)
      const conversations = await ports.store.history.listConversations(userId, page)
      const last = conversations.length === page.limit ? conversations.at(-1) : undefined
      return c.json({ conversations, nextBefore: last?.updatedAt ?? null })
    })
    .get('/conversations/:id', one, async (c) => {
      const { userId } = c.get('caller')
      const id = c.req.param('id')
      const found = isId('conversation', id) ? await ports.store.history.conversation(userId, id) : undefined
      if (!found) throw notFound('conversation', id)
      return c.json(found)
    })
}
