// GET /api/conversations/search: where words were said. GET /api/conversations/stats: how much was said each day. Mounted before
// /api/conversations/:id, which would take their names for ids.
import { Hono } from 'hono'
import * as v from 'valibot'
import { DAY_MS, dayOf } from '#shared/day.ts'
import { invalid } from '#shared/fault.ts'
import { ownerOf } from '#edge/http/access/owner-of.ts'
import { Words } from './conversations.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { wholeNumber } from '#edge/http/operation/whole-number.ts'
import { ConversationIdSchema, TurnIdSchema } from '#shared/model/ids.ts'

const MAX_HITS = 50
const MAX_DAYS = 366
const DEFAULT_DAYS = 30

const SearchQuery = v.object({
  q: v.pipe(Words, v.description('Words, or the beginning of one; Traditional and Simplified Chinese find each other')),
  limit: v.optional(wholeNumber(1, MAX_HITS), '20'),
})
/** Where a match begins and ends. */
const Span = v.pipe(v.array(v.number()), v.length(2))
const Found = named(
  'SearchResult',
  v.object({
    hits: v.array(
      v.object({
        conversationId: ConversationIdSchema,
        turnId: TurnIdSchema,
        turn: v.number(),
        startedAt: v.number(),
        part: v.picklist(['utterance', 'reply']),
        text: v.string(),
        hits: v.pipe(v.array(Span), v.description('Where in `text`: UTF-16 offsets')),
      }),
    ),
  }),
)

const Day = v.pipe(
  v.string(),
  v.regex(/^\d{4}-\d{2}-\d{2}$/, 'expected a day, YYYY-MM-DD'),
  // For JSON Schema; the check below holds it.
  v.metadata({ format: 'date' }),
  v.check(
    (text) => !Number.isNaN(Date.parse(text)) && dayOf(Date.parse(text)) === text,
    'expected a day that there is',
  ),
)
const StatsQuery = v.object({
  from: v.optional(
    v.pipe(
      Day,
      v.description(`The first day (UTC), at most ${MAX_DAYS - 1} before \`to\`; ${DEFAULT_DAYS - 1} without it`),
    ),
  ),
  to: v.optional(v.pipe(Day, v.description('The last day (UTC); today without it'))),
})
const Stats = named(
  'ConversationStats',
  v.object({
    days: v.array(
      v.object({
        day: v.string(),
        turns: v.number(),
        inputAudioMs: v.number(),
        outputAudioMs: v.number(),
        promptTokens: v.number(),
        completionTokens: v.number(),
        latencyMs: v.nullable(v.object({ p50: v.number(), p95: v.number() })),
      }),
    ),
  }),
)

export function conversationSearchRoutes(ports: OperationPorts) {
  const { store, clock } = ports
  const search = operation(ports, {
    summary: 'Where words were said, best first',
    tag: 'history',
    needs: 'history:read',
    rate: 'search',
    query: SearchQuery,
    answers: { 200: Found },
  })
  const stats = operation(ports, {
    summary: 'How much was said each day (UTC), and how quickly it was answered',
    tag: 'history',
    needs: 'history:read',
    rate: 'read',
    query: StatsQuery,
    answers: { 200: Stats },
  })
  return new Hono<OperationEnv>()
    .get('/conversations/search', search, async (c) => {
      const { q, limit } = c.req.valid('query')
      return c.json({ hits: await store.history.search(ownerOf(c.get('caller')), q, limit) })
    })
    .get('/conversations/stats', stats, async (c) => {
      const query = c.req.valid('query')
      const to = query.to ?? dayOf(clock.now())
      const from = query.from ?? dayOf(Date.parse(to) - (DEFAULT_DAYS - 1) * DAY_MS)
      const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1
      if (days < 1 || days > MAX_DAYS) throw invalid(`from: expected 1 to ${MAX_DAYS} days before to`)
      return c.json({ days: await store.history.stats(ownerOf(c.get('caller')), { from, to }) })
    })
}
