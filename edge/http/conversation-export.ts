// GET /api/conversations/:id/export: the whole conversation as a file.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { HistoryStore } from '#edge/store/history-store.ts'
import type { Owner } from '#shared/model/caller.ts'
import { notFound } from '#shared/fault.ts'
import type { Conversation } from '#shared/model/conversation.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { ownerOf } from '#edge/http/access/owner-of.ts'
import { conversationIdOf } from './conversations.ts'
import { EXPORT_FORMATS, exporterOf, type Exporter } from './export-formats.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'

const ExportQuery = v.object({ format: v.optional(v.picklist(EXPORT_FORMATS), 'json') })

export function conversationExportRoutes(ports: OperationPorts) {
  const { history } = ports.store
  const file = operation(ports, {
    summary: 'A conversation as a file',
    tag: 'history',
    needs: 'history:read',
    rate: 'export',
    query: ExportQuery,
    answers: {
      200: { mediaType: EXPORT_FORMATS.map((format) => exporterOf(format, 0).mediaType.split(';')[0] ?? '') },
    },
    refuses: ['not_found'],
  })
  return new Hono<OperationEnv>().get('/conversations/:id/export', file, async (c) => {
    const { format } = c.req.valid('query')
    const id = conversationIdOf(c.req.param('id'))
    const pages = await pagesOf(history, ownerOf(c.get('caller')), id)
    if (!pages) throw notFound('conversation', id)
    const exporter = exporterOf(format, pages.findLast(({ turns }) => turns.length > 0)?.turns[0]?.startedAt ?? 0)
    c.header('content-type', exporter.mediaType)
    c.header('content-disposition', `attachment; filename="${id}.${format}"`)
    return c.body([...written(pages, exporter)].join(''))
  })
}

/** An export holds at most the newest 20,000 turns: 40 hours of talk, about 20 MB. */
const MAX_PAGES = 20
const PAGE = 1_000

/** Newest first. */
async function pagesOf(
  history: HistoryStore,
  owner: Owner,
  id: Conversation['id'],
): Promise<Conversation[] | undefined> {
  const pages: Conversation[] = []
  let before: Pick<TurnRecord, 'startedAt' | 'turn'> | undefined
  do {
    const page = await history.conversation(owner, id, { limit: PAGE, before })
    if (!page) return undefined
    pages.push(page)
    before = page.turns.length === PAGE ? page.turns[0] : undefined
  } while (before && pages.length < MAX_PAGES)
  return pages
}

function* written(newestFirst: Conversation[], exporter: Exporter): Generator<string> {
  const [first] = newestFirst
  if (!first) return
  const { turns: _, ...about } = first
  yield exporter.head(about)
  let index = 0
  for (const { turns } of newestFirst.toReversed()) for (const turn of turns) yield exporter.turn(turn, index++)
  yield exporter.tail()
}
