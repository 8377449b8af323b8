// `parley backup` and `parley restore` as an operator runs them; and the bar that he sees.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { barLine } from '#edge/cli/progress-bar.ts'
import { parley } from './parley.ts'

const root = mkdtempSync(join(tmpdir(), 'parley-backup-cli-'))
const data = join(root, 'data')
const run = (...words: string[]) => parley([...words, '--data', data])
beforeAll(async () => {
  expect((await run('migrate')).code).toBe(0)
})
afterAll(() => rmSync(root, { recursive: true }))

describe('parley backup and restore', () => {
  it('[BAK12] takes, lists and verifies, and fails where a backup is not good', async () => {
    expect((await run('backup')).stdout).toMatch(/^took backup \d{8}T\d{9}Z-1: 0 turns/)
    expect((await run('backup', 'list')).stdout).toMatch(/daily {2}0/)
    const good = await run('backup', 'verify', '--last')
    expect([good.code, good.stdout]).toEqual([0, expect.stringContaining('it is good')])
    const [id = ''] = readdirSync(join(data, 'backups', 'db'))
    writeFileSync(join(data, 'backups', 'db', id, 'edge.db.zst'), 'nonsense')
    const bad = await run('backup', 'verify')
    expect([bad.code, bad.stdout]).toEqual([1, expect.stringContaining('NOT GOOD')])
    rmSync(join(data, 'backups'), { recursive: true })
    expect((await run('backup', 'verify')).stderr).toMatch(/^parley: there is no backup in /)
    expect((await run('backup', 'remove')).stderr).toMatch(
      /^parley: remove: must be one of take, verify, list, send, fetch/,
    )
  }, 60_000)

  it('[RST14] restores, proves it by a spoken turn, and undoes it', async () => {
    await run('backup')
    const dry = await run('restore', '--dry-run')
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringMatching(/will be lost[^]*nothing was done/)])
    expect((await run('restore')).stderr).toMatch(/--yes: is needed where nobody can be asked/)
    expect((await run('restore', '--at', 'soon', '--yes')).stderr).toMatch(/--at: must be a time/)
    const { code, stdout } = await run('restore', '--last', '--yes')
    expect(code, stdout).toBe(0)
    expect(stdout).toMatch(/proved by a spoken turn: heard “what is your name”/)
    expect(stdout).toMatch(/start the service/)
    expect(existsSync(join(data, 'edge-address'))).toBe(false)
    expect((await run('restore', '--undo', '--yes')).stdout).toMatch(/put back what was there/)
  }, 120_000)
})

describe('the bar', () => {
  it('[BAK12] says how far it is and how long it will take', () => {
    expect(barLine({ step: 'audio', done: 25, total: 100, unit: 'files' }, 30_000)).toBe(
      'audio [######..................] 25 % (25/100 files, 1:30 left)',
    )
    expect(barLine({ step: 'checking', done: 0, total: 0, unit: 'bytes' }, 1)).toBe('checking')
    expect(barLine({ step: 'database', done: 0, total: 2e6, unit: 'bytes' }, 1)).toContain('0 % (0/2 MB)')
  })
})
