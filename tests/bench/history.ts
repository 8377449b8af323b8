// Bench: what was said, in the size of years: 100,000 conversations of 1,000,000 turns in the embedded database, read over HTTP as callers
// read it. Filled by the stores' own tables and words, in large batches; how long that took is told, and is no part of the figures.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChild } from './child.ts'
import type { EdgeFacts } from './edge-process.ts'
import { fillHistory, USERS, type FilledHistory } from './history-filling.ts'
import { monotonicMs } from './monotonic.ts'
import { quantile } from './quantile.ts'
import type { Aim, Report } from './report.ts'

export interface HistoryLoad {
  conversations: number
  turnsEach: number
  repetitions: number
}
export const HISTORY_FULL: HistoryLoad = { conversations: 100_000, turnsEach: 10, repetitions: 60 }
export const HISTORY_SHORT: HistoryLoad = { conversations: 500, turnsEach: 10, repetitions: 5 }

const MAX_LIST_MS = 20
const MAX_SEARCH_MS = 50

export async function benchHistory(load: HistoryLoad): Promise<Report> {
  const keptIn = mkdtempSync(join(tmpdir(), 'parley-history-'))
  try {
    const startedAt = monotonicMs()
    const filled = await fillHistory(keptIn, load)
    const filledMs = monotonicMs() - startedAt
    const edge = await startChild<EdgeFacts>('./edge-process.ts', { keptIn })
    try {
      const measured = await measure(edge.facts.url, filled, load.repetitions)
      return reportOf(load, filledMs, [...measured, ...(await measureDeleting(edge.facts.url, filled, load))])
    } finally {
      await edge.stop()
    }
  } finally {
    rmSync(keptIn, { recursive: true, force: true })
  }
}

// --- measuring ---

interface Measured {
  what: string
  ms: number[]
  limitMs: number | undefined
}

async function measure(
  url: string,
  { key, operatorKey, conversationId }: FilledHistory,
  repetitions: number,
): Promise<Measured[]> {
  const get = async (
    path: string,
    bearer = key,
  ): Promise<{ ms: number; body: { nextCursor?: string; hits?: unknown[] } }> => {
    const askedAt = monotonicMs()
    const answer = await fetch(url + path, { headers: { authorization: `Bearer ${bearer}` } })
    const text = await answer.text()
    const ms = monotonicMs() - askedAt
    if (!answer.ok) throw new Error(`${path} answered ${answer.status}: ${text.slice(0, 200)}`)
    return { ms, body: text.startsWith('{') ? (JSON.parse(text) as object) : {} }
  }
  let deep = ''
  for (let page = 0; page < 20; page++)
    deep = (await get(`/api/conversations?limit=100${deep && `&cursor=${deep}`}`)).body.nextCursor ?? deep
  const lists = {
    'first page': '',
    'a deep page': deep && `&cursor=${deep}`,
    'by persona': '&persona=per_default',
    'with the words garden 17': '&text=garden%2017',
  }
  const queries = [
    '天',
    '天气',
    '天氣',
    '花园里',
    'garden',
    'gard',
    'weather 9',
    '火车 story',
    'number 77',
    'train',
    'number',
    '4242',
    'nothing',
  ]
  const rows: Array<[what: string, path: string, limitMs: number | undefined, bearer?: string]> = [
    ...Object.entries(lists).map(([what, query]): [string, string, number] => [
      `list: ${what}`,
      `/api/conversations?limit=20${query}`,
      MAX_LIST_MS,
    ]),
    ...queries.map((query): [string, string, number] => [
      `search: ${query}`,
      `/api/conversations/search?q=${encodeURIComponent(query)}`,
      MAX_SEARCH_MS,
    ]),
    ['list: of everybody', '/api/conversations?limit=20', MAX_LIST_MS, operatorKey],
    ['search: garden 17, of everybody', '/api/conversations/search?q=garden%2017', MAX_SEARCH_MS, operatorKey],
    ['one conversation', `/api/conversations/${conversationId}`, MAX_LIST_MS],
    ['statistics of a month', '/api/conversations/stats?from=2026-01-01&to=2026-01-31', undefined],
    ['export', `/api/conversations/${conversationId}/export?format=md`, undefined],
  ]
  const measured: Measured[] = []
  for (const [what, path, limitMs, bearer] of rows) {
    await get(path, bearer)
    const ms: number[] = []
    for (let i = 0; i < repetitions; i++) ms.push((await get(path, bearer)).ms)
    measured.push({ what, ms, limitMs })
  }
  return measured
}

/** Last: what is gone is not read any more. */
async function measureDeleting(
  url: string,
  { operatorKey, leaverKey, deletable }: FilledHistory,
  { repetitions, conversations }: HistoryLoad,
): Promise<Measured[]> {
  const remove = async (path: string, bearer: string): Promise<number> => {
    const askedAt = monotonicMs()
    const answer = await fetch(url + path, { method: 'DELETE', headers: { authorization: `Bearer ${bearer}` } })
    if (answer.status !== 204) throw new Error(`DELETE ${path} answered ${answer.status}`)
    return monotonicMs() - askedAt
  }
  const single: number[] = []
  for (const id of deletable.slice(0, repetitions)) single.push(await remove(`/api/conversations/${id}`, operatorKey))
  return [
    { what: 'delete a conversation', ms: single, limitMs: undefined },
    {
      what: `delete a user of ${conversations / USERS} conversations`,
      ms: [await remove('/api/me', leaverKey)],
      limitMs: undefined,
    },
  ]
}

function reportOf({ conversations, turnsEach }: HistoryLoad, filledMs: number, measured: Measured[]): Report {
  const aims = measured.flatMap(({ what, ms, limitMs }): Aim[] => {
    const p95 = quantile(ms, 0.95)
    return limitMs === undefined
      ? []
      : [{ aim: `${what}: p95 < ${limitMs} ms`, got: `${p95.toFixed(1)} ms`, isMet: p95 < limitMs }]
  })
  return {
    title: `history: ${conversations} conversations, ${conversations * turnsEach} turns of ${USERS} users`,
    baseline: 'the aims; one request at a time, over HTTP on loopback, warm',
    columns: [{ name: 'what' }, { name: 'n' }, { name: 'p50 ms', digits: 1 }, { name: 'p95 ms', digits: 1 }],
    rows: measured.map(({ what, ms }) => [what, ms.length, quantile(ms, 0.5), quantile(ms, 0.95)]),
    notes: [
      `filled in ${(filledMs / 1000).toFixed(0)} s. What is not of everybody is asked for by one user, who has one in ${USERS} of the conversations.`,
    ],
    aims,
  }
}
