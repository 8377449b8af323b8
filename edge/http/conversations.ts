// GET /api/conversations and GET /api/conversations/:id: what was said, turn by turn. Another user's conversation is not
// there at all: its existence is nobody else's business.
import { Hono } from 'hono'
import * as v from 'valibot'
import { notFound } from '#shared/fault.ts'
import { isId } from '#shared/ids.ts'
import { allowedCaller, type AuthPorts } from './auth.ts'
import { readQuery, wholeNumber } from './read-body.ts'

/** Conversations of one page. */
const MAX_PAGE = 100
const DEFAULT_PAGE = '20'

const Page = v.object({
  limit: v.optional(wholeNumber(1, MAX_PAGE), DEFAULT_PAGE),
  /** Older than this updatedAt: the `nextBefore` of the page before. */
  before: v.optional(wholeNumber(0, Number.MAX_SAFE_INTEGER)),
})

export function conversationRoutes(ports: AuthPorts) {
  return new Hono()
    .get('/conversations', async (c) => {
      const { userId } = await allowedCaller(c, ports, 'history:read')
      const page = readQuery(c, Page)
      const conversations = await ports.store.history.listConversations(userId, page)
      const last = conversations.length === page.limit ? conversations.at(-1) : undefined
      return c.json({ conversations, nextBefore: last?.updatedAt ?? null })
    })
    .get('/conversations/:id', async (c) => {
      const { userId } = await allowedCaller(c, ports, 'history:read')
      const id = c.req.param('id')
      const found = isId('conversation', id) ? await ports.store.history.conversation(userId, id) : undefined
      if (!found) throw notFound('conversation', id)
      return c.json(found)
    })
}
