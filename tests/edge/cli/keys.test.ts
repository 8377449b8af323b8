// `parley keys` as an operator runs it, in a data folder of its own; and what becomes of a data folder that is mistyped.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { KeyView } from '#edge/store/key-store.ts'
import { openDatabase } from '#edge/runtime/node/database.ts'
import { createStore } from '#edge/store/store.ts'
import { parley } from './parley.ts'

let data: string
beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'parley-keys-'))
  expect((await parley(['migrate', '--data', data])).code).toBe(0)
})
afterAll(() => rmSync(data, { recursive: true }))

const create = (...args: string[]) => parley(['keys', 'create', '--name', 'phone', '--data', data, ...args])

async function listed(): Promise<KeyView[]> {
  const database = await openDatabase({ url: pathToFileURL(join(data, 'edge.db')).href })
  const keys = await createStore(database.db).keys.listKeys()
  await database.close()
  return keys
}

it('[QUO15] gives a key limits of its own, and none where none is asked for', async () => {
  const plain = await create()
  expect([plain.code, plain.stdout]).toEqual([0, expect.stringMatching(/^pk_/)])
  const amounts = ['--sessions', '2', '--tokens-per-day', '5000', '--audio-minutes-per-day', '0']
  expect((await create(...amounts)).code).toBe(0)
  const [limited, unlimited] = await listed()
  expect(limited?.limits).toEqual({ sessions: 2, tokensPerDay: 5_000, audioMsPerDay: 0 })
  expect(unlimited?.limits).toEqual({})
})

it.each([
  ['--sessions', '1001'],
  ['--tokens-per-day', 'many'],
  ['--audio-minutes-per-day', '-1'],
])('[QUO15] %s %s is refused by its name', async (name, value) => {
  const { code, stdout, stderr } = await create(`${name}=${value}`)
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toContain(`${name}: must be a whole number`)
})

it.each([
  ['keys', 'create', '--name', 'phone'],
  ['keys', 'list'],
  ['nodes', 'list'],
  ['backup', '--out', 'never.db'],
])('[OPS24] %s %s refuses a data folder without a database, and makes nothing there', async (...command) => {
  const mistyped = join(data, 'mistyped')
  const { code, stdout, stderr } = await parley([...command, '--data', mistyped])
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toBe(
    `parley: --data: there is no database ${join(mistyped, 'edge.db')}; only start and migrate make one\n`,
  )
  expect([existsSync(mistyped), existsSync('never.db')]).toEqual([false, false])
})
