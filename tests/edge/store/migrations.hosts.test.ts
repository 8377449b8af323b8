// Migrations, run from Node as an operator does, against the database that each host has: a file, or a libSQL server.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startLibsqlServer, type LibsqlServer } from '#edge/cli/libsql-server.ts'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import { createStore } from '#edge/store/store.ts'
import { hostName } from '#tests/tooling/hosts/which-host.ts'
import { migrateBefore, migrateToFirstRelease, MIGRATION_COUNT } from './first-release.ts'

describe('migrations', () => {
  let folder: string
  let server: LibsqlServer | undefined
  let database: OpenDatabase
  const openFile = (name: string) => openDatabase({ url: pathToFileURL(join(folder, name)).href })
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-migrations-'))
    server = hostName() === 'workers' ? await startLibsqlServer({ folder: join(folder, 'server') }) : undefined
    database = server ? await openDatabase({ url: server.url }) : await openFile('edge.db')
  })
  afterEach(async () => {
    await database.close()
    await server?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  it('[WRK6] run once, and make the same tables, indexes and triggers on each host', async () => {
    const { applied } = await database.migrate()
    expect(applied).toBeGreaterThan(0)
    expect((await database.migrate()).applied).toBe(0)
    const file = await openFile('other.db')
    await file.migrate()
    const made = await schemaOf(database)
    expect(made.length).toBeGreaterThan(8)
    expect(made).toEqual(await schemaOf(file))
    await file.close()
  })

  it('[WRK6] a database of an older release is brought up to date and keeps what it has', async () => {
    await migrateToFirstRelease(database, folder)
    await database.db.run(sql`insert into user (id, created_at) values ('usr_before', 1)`)
    expect((await database.migrate()).applied).toBe(MIGRATION_COUNT - 1)
    expect(await database.db.all(sql`select id from user`)).toEqual([{ id: 'usr_before' }])
  })

  it('[STO26] turn numbers that an older release gave twice are given anew, and no others', async () => {
    await migrateToFirstRelease(database, folder)
    const { db } = database
    await db.run(sql`insert into user (id, created_at) values ('usr_a', 1)`)
    await db.run(
      sql`insert into persona (id, name, instructions, language, created_at) values ('per_a', 'a', '', 'en', 1)`,
    )
    for (const id of ['cnv_twice', 'cnv_once']) {
      await db.run(
        sql`insert into conversation (id, user_id, persona_id, created_at, updated_at) values (${id}, 'usr_a', 'per_a', 1, 1)`,
      )
      await db.run(sql`insert into session (id, conversation_id, user_id, persona_id, state, epoch, resume_token_hash, created_at)
        values (${`ses_of_${id}`}, ${id}, 'usr_a', 'per_a', 'ended', 1, 'a hash', 1)`)
    }
    const turns = [
      ['cnv_twice', 2],
      ['cnv_twice', 3],
      ['cnv_twice', 3],
      ['cnv_once', 2],
      ['cnv_once', 7],
    ] as const
    for (const [at, [id, number]] of turns.entries())
      await db.run(sql`insert into turn (id, conversation_id, session_id, turn, source, status, language, utterance_text, reply_text,
          heard_text, engines, timings, prompt_tokens, completion_tokens, input_audio_ms, output_audio_ms, trace_id, started_at,
          ended_at, stored_at)
        values (${`trn_${at}`}, ${id}, ${`ses_of_${id}`}, ${number}, 'speech', 'complete', 'en', '', '', '', '{}', '{}', 0, 0, 0, 0, '',
          ${at}, ${at}, ${at})`)
    await database.migrate()
    expect(await db.all(sql`select id, turn from turn order by id`)).toEqual(
      [1, 2, 3, 2, 7].map((turn, at) => ({ id: `trn_${at}`, turn })),
    )
    expect(await db.all(sql`select distinct resume_token_hash as hash, last_turn as last from session`)).toEqual([
      { hash: null, last: 0 },
    ])
  })

  it('[TSK14] voices that waited as jobs of an older release wait as tasks, with the attempts that they had', async () => {
    const { db } = database
    await migrateBefore(database, folder, TASKS_MIGRATION)
    await db.run(sql`insert into user (id, created_at) values ('usr_a', 1)`)
    for (const [at, state] of ['uploaded', 'checking'].entries()) {
      await db.run(sql`insert into voice_profile (id, user_id, name, language, state, consent, sha256, media_type, bytes,
          created_at, updated_at)
        values (${`voi_abc${at}`}, 'usr_a', 'Anna', 'en', ${state}, 'yes', ${String(at)}, 'audio/wav', 1, 1, 1)`)
      await db.run(sql`insert into job (id, kind, subject, attempt, run_after, created_at)
        values (${`job_${at}`}, 'voice.prepare', ${`voi_abc${at}`}, ${at}, ${100 + at}, 1)`)
    }
    await db.run(sql`insert into job (id, kind, subject, attempt, run_after, created_at)
      values ('job_gone', 'voice.prepare', 'voi_gone', 0, 1, 1)`)
    await database.migrate()
    const store = createStore(db)
    const taken = await store.tasks.take([{ queue: 'voices', limit: 9, atOnce: 9, atOnceOfUser: 9 }], {
      now: 200,
      until: 300,
    })
    expect(taken.tasks.toSorted((a, b) => a.attempt - b.attempt)).toMatchObject([
      { id: 'tsk_0', attempt: 1, userId: 'usr_a', payload: { id: 'voi_abc0' } },
      { id: 'tsk_1', attempt: 2, userId: 'usr_a', payload: { id: 'voi_abc1' } },
    ])
    expect(await db.all(sql`select * from job`)).toEqual([])
    expect(await store.voices.planForgotten(200, 9)).toBe(0)
  })
})

/** How many migrations came before tasks did. */
const TASKS_MIGRATION = 15

/** Without what database and server keep for themselves. */
async function schemaOf({ db }: OpenDatabase): Promise<unknown[]> {
  const made = await db.all<{ type: string; name: string; sql: string }>(
    sql`select type, name, sql from sqlite_master order by name`,
  )
  return made.filter(({ name }) => !/^(?:sqlite_|libsql_|_)/.test(name))
}
