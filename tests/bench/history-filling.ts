// A database of years of talk, made in minutes: the tables and the words of the stores, in large batches. Used by history.ts.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql, type SQL } from 'drizzle-orm'
import { SCOPES } from '#shared/model/caller.ts'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import { searchWords } from '#edge/store/search-text.ts'
import { createStore } from '#edge/store/store.ts'
import { ownerTerm } from '#edge/store/turn-search.ts'
import type { UserId } from '#shared/ids.ts'

/** Of which one asks: he has a share of all, as the busiest of many callers has. */
export const USERS = 20
const ROWS_A_STATEMENT = 500
const STARTED_AT = Date.UTC(2026, 0, 1)
const MINUTE_MS = 60_000

const SUBJECTS = [
  'the weather',
  'my dinner',
  'the train',
  'a story',
  'the garden',
  '天气',
  '火车',
  '今天的晚饭',
  '故事',
  '花园里的猫',
]
const UTTERANCES = [
  'tell me about SUBJECT NUMBER',
  'what do you think of SUBJECT NUMBER today',
  '请告诉我关于SUBJECT的第NUMBER件事',
  'SUBJECT NUMBER 怎麼樣',
]
const REPLIES = [
  'I like SUBJECT very much, above all number NUMBER.',
  '關於SUBJECT我知道NUMBER件事。',
  'There is little to say of SUBJECT, but NUMBER is a good number.',
]

export interface FilledHistory {
  key: string
  operatorKey: string
  /** Of a user of his own, with as much as the others. */
  leaverKey: string
  conversationId: string
  deletable: string[]
}

export async function fillHistory(
  folder: string,
  { conversations, turnsEach }: { conversations: number; turnsEach: number },
): Promise<FilledHistory> {
  const database = await openDatabase({ url: pathToFileURL(join(folder, 'edge.db')).href })
  try {
    await database.migrate()
    const { keys } = createStore(database.db)
    const made = []
    for (let i = 0; i < USERS; i++)
      made.push(
        await keys.createKey({ name: 'bench', scopes: [...SCOPES], limits: { rateFactor: 100_000 }, now: STARTED_AT }),
      )
    const users: UserId[] = []
    for (const { keyId } of made) users.push((await keys.callerById(keyId, STARTED_AT))?.userId ?? 'usr_none')
    // The first key's user alone: an operator would see everybody's.
    const own = await keys.createKey({
      name: 'own',
      scopes: ['history:read'],
      userId: users[0],
      limits: { rateFactor: 100_000 },
      now: STARTED_AT,
    })
    for (let first = 0; first < conversations; first += ROWS_A_STATEMENT / turnsEach)
      await insert(
        database,
        Array.from({ length: Math.min(ROWS_A_STATEMENT / turnsEach, conversations - first) }, (_, i) => first + i),
        { turnsEach, users },
      )
    await database.db.run(sql`analyze`)
    const [operatorKey = '', leaverKey = ''] = [made[0]?.key, made.at(-1)?.key]
    // Of the user who asks, all but the first, which is read.
    const deletable = Array.from({ length: conversations / USERS - 1 }, (_, i) => idOf('cnv', (i + 1) * USERS))
    return { key: own.key, operatorKey, leaverKey, conversationId: idOf('cnv', 0), deletable }
  } finally {
    await database.close()
  }
}

const idOf = (prefix: string, number: number): string => `${prefix}_${String(number).padStart(9, '0')}`

async function insert(
  { db }: OpenDatabase,
  numbers: number[],
  { turnsEach, users }: { turnsEach: number; users: UserId[] },
): Promise<void> {
  const of = (rows: SQL[]): SQL => sql.join(rows, sql`, `)
  const conversationRows = numbers.map((number) => {
    const at = STARTED_AT + number * MINUTE_MS
    return sql`(${idOf('cnv', number)}, ${users[number % USERS]}, 'per_default', ${at}, ${at})`
  })
  const sessionRows = numbers.map((number) => {
    const at = STARTED_AT + number * MINUTE_MS
    return sql`(${idOf('ses', number)}, ${idOf('cnv', number)}, ${users[number % USERS]}, 'per_default', 'ended', 1, ${at})`
  })
  const turns = numbers.flatMap((number) =>
    Array.from({ length: turnsEach }, (_, turn) => ({
      number,
      turn,
      row: number * turnsEach + turn + 1,
      ...textOf(number, turn),
    })),
  )
  const turnRows = turns.map(({ number, turn, row, utterance, reply }) => {
    const at = STARTED_AT + number * MINUTE_MS + turn * 1_000
    return sql`(${idOf('trn', row)}, ${idOf('cnv', number)}, ${idOf('ses', number)}, ${turn + 1}, 'speech', 'complete', 'en', ${utterance}, ${reply}, ${reply},
      '{}', '{"voiceToVoiceMs":500}', 100, 20, 2000, 3000, 'trace', ${at}, ${at + 900}, ${at})`
  })
  const foundRows = turns.map(({ row }) => sql`(${row}, ${idOf('trn', row)})`)
  const wordRows = turns.map(({ number, row, utterance, reply }) => {
    return sql`(${row}, ${ownerTerm(users[number % USERS] ?? 'usr_none')}, ${searchWords(`${utterance} ${reply}`)})`
  })
  await db.batch([
    db.run(
      sql`insert into conversation (id, user_id, persona_id, created_at, updated_at) values ${of(conversationRows)}`,
    ),
    db.run(
      sql`insert into session (id, conversation_id, user_id, persona_id, state, epoch, created_at) values ${of(sessionRows)}`,
    ),
    db.run(sql`insert into turn (id, conversation_id, session_id, turn, source, status, language, utterance_text, reply_text, heard_text, engines, timings,
      prompt_tokens, completion_tokens, input_audio_ms, output_audio_ms, trace_id, started_at, ended_at, stored_at) values ${of(turnRows)}`),
    db.run(sql`insert into turn_search_row (id, turn_id) values ${of(foundRows)}`),
    db.run(sql`insert into turn_search (rowid, owner, words) values ${of(wordRows)}`),
  ])
}

function textOf(number: number, turn: number): { utterance: string; reply: string } {
  const at = number * 31 + turn * 7
  const subject = SUBJECTS[at % SUBJECTS.length] ?? ''
  const fill = (text: string | undefined): string =>
    (text ?? '').replace('SUBJECT', subject).replace('NUMBER', String(at % 9_973))
  return { utterance: fill(UTTERANCES[at % UTTERANCES.length]), reply: fill(REPLIES[at % REPLIES.length]) }
}
