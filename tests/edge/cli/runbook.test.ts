// Runbooks: their form, `parley runbook`, and each block of theirs run as it is written, in one story: an edge's data is backed up, harmed and
// brought back, here and on a bare machine.
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readRunbook } from '#edge/runbook/runbook.ts'
import { BackupWorld } from '#tests/edge/backup/backup-world.ts'
import { parley } from './parley.ts'

const RUNBOOKS = ['restore-the-database', 'restore-audio', 'bare-machine']
const root = mkdtempSync(join(tmpdir(), 'parley-runbook-'))
const data = join(root, 'data')
const bare = join(root, 'bare')
const env = { BACKUPS: join(data, 'backups') }

let turns = 0
let blob = ''
beforeAll(async () => {
  const world = await new BackupWorld(data).open()
  for (; turns < 3; turns += 1) blob = await world.talk()
  await world.closeDatabase()
  rmSync(world.root, { recursive: true })
  expect((await parley(['backup', '--data', data])).code).toBe(0)
})
afterAll(() => rmSync(root, { recursive: true }))

const textOf = (name: string): string => readFileSync(`runbooks/${name}.md`, 'utf8')
const run = (name: string, folder = data, ...words: string[]) =>
  parley(['runbook', 'run', name, '--data', folder, ...words], env)

describe('runbooks', () => {
  it.each(RUNBOOKS)('[RUN5] %s has the form: head, sections, blocks that say what to expect', (name) => {
    const { minutes, blocks } = readRunbook(textOf(name))
    expect(minutes).toBeLessThanOrEqual(10)
    expect(blocks.filter(({ section }) => section === 'Act').length).toBeGreaterThan(0)
    expect(blocks.filter(({ section }) => section === 'Verify').length).toBeGreaterThan(0)
  })

  it.each([
    ['no head', (text: string) => text.replace(/^---[^]*?\n---\n/, ''), /begins with its head/],
    ['a section less', (text: string) => text.replace('## Record', '## Notes'), /sections: must be Symptom/],
    ['another severity', (text: string) => text.replace('severity: critical', 'severity: bad'), /head: severity/],
    ['a block without a name', (text: string) => text.replace(' name=restore\n', '\n'), /a block has no name/],
    [
      'two blocks of one name',
      (text: string) => text.replace('name=verify', 'name=restore'),
      /two blocks are named restore/,
    ],
    [
      'nothing to expect',
      (text: string) => text.replace('Expect: `it is good`', 'Hope'),
      /says nothing of what to expect/,
    ],
  ])('[RUN5] one with %s is refused', (_, harm, why) => {
    const issues = (() => {
      try {
        return readRunbook(harm(textOf('restore-the-database')))
      } catch (error) {
        return (error as { fault: { issues: string[] } }).fault.issues.join('\n')
      }
    })()
    expect(issues).toMatch(why)
  })

  it('[RUN6] are listed and shown, and a dry run runs nothing', async () => {
    expect((await parley(['runbook', 'list'])).stdout).toMatch(/restore-the-database\.md +critical +10/)
    expect((await parley(['runbook', 'show', 'bare-machine'])).stdout).toContain('## What the caller notices')
    const dry = await run('restore-the-database', data, '--dry-run')
    expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining('restore --last --yes')])
    expect(existsSync(join(data, 'logs', 'runbooks.jsonl'))).toBe(false)
    expect((await run('restore-audio', data, '--block', 'nothing')).stderr).toMatch(/--block: must be one of/)
    expect((await parley(['runbook', 'show', 'nothing'])).stderr).toMatch(/there is no such runbook/)
  }, 60_000)

  it('[RUN7] restoring audio brings back what is missing', async () => {
    rmSync(join(data, 'blobs', blob))
    const { code, stdout, stderr } = await run('restore-audio')
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('restored 1 audio files')
    expect(readdirSync(join(data, 'blobs'))).toContain(blob)
  }, 60_000)

  it('[RUN7] the bare machine gets all of it', async () => {
    const { code, stdout, stderr } = await run('bare-machine', bare)
    expect(code, stdout + stderr).toBe(0)
    expect(stdout).toContain(`${turns} turns, ${turns} audio files`)
  }, 120_000)

  it('[RUN7] restoring the database brings back one that is damaged, and each block is recorded', async () => {
    writeFileSync(join(data, 'edge.db'), 'nonsense')
    for (const left of ['edge.db-wal', 'edge.db-shm']) rmSync(join(data, left), { force: true })
    const { code, stdout, stderr } = await run('restore-the-database')
    expect(code, stdout + stderr).toBe(0)
    expect(stdout).toMatch(/cannot be read/)
    const lines = readFileSync(join(data, 'logs', 'runbooks.jsonl'), 'utf8')
      .trim()
      .split('\n')
    expect(lines.map((line) => JSON.parse(line).block)).toEqual(expect.arrayContaining(['restore', 'verify']))
  }, 120_000)

  it('[RUN6] a block that does not print what it says ends the run', async () => {
    const file = join(root, 'wrong.md')
    writeFileSync(file, textOf('restore-audio').replace('Expect: `ID +TAKEN', 'Expect: `nothing like it'))
    const { code, stderr } = await parley(['runbook', 'run', file, '--data', data])
    expect([code, stderr]).toEqual([1, expect.stringContaining('block backups: did not print what is expected')])
  }, 60_000)
})
