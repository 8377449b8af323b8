// How words become a command: what is refused, what help is, and what programs get to read. Real programs, no running edge.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defineCommand } from 'citty'
import { afterAll, describe, expect, it } from 'vitest'
import { keys } from '#edge/cli/keys.ts'
import { migrate } from '#edge/cli/migrate.ts'
import { nodes } from '#edge/cli/nodes.ts'
import { start } from '#edge/cli/start.ts'
import { readWav } from '#shared/audio/wav.ts'
import { runCommandLine } from '#shared/on-node/command-line.ts'
import { writeEdgeAddress } from '#shared/on-node/edge-address.ts'
import { type Finished, parley, runProgram } from './parley.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-words-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const data = join(folder, 'data')
/** No .env of the machine and no edge of it is met. */
const LONELY = { PORT: '1', PUBLIC_ORIGIN: '', DATA_DIR: data }
const node = (...args: string[]) => runProgram(['gpu-node/main.ts', ...args], { DATA_DIR: data })
const edge = (...args: string[]) => runProgram(['edge/runtime/node/main.ts', ...args], { DATA_DIR: data })

describe('what is not known', () => {
  const main = defineCommand({ subCommands: { keys, nodes, migrate, start } })

  it.each<[string[], string]>([
    [['keys', 'create', '--name', 'a', '--day', '90'], '--day: is not known here; did you mean --days?'],
    [['keys', 'create', '--name', 'a', '--day=90'], '--day: is not known here; did you mean --days?'],
    [['start', '--no-selfchek'], '--no-selfchek: is not known here; did you mean --no-selfcheck?'],
    [['migrate', '--everything'], '--everything: is not known here; known are --data, --url, --json'],
    [['nodes', 'revok', 'nod_x'], 'revok: there is no such command; did you mean revoke?'],
    [['key'], 'key: there is no such command; did you mean keys?'],
    [['nodes', 'revoke', 'nod_x', 'nod_y'], 'nod_y: is one word too many'],
    [['keys', 'create', '--name', '--days', '90'], '--name: needs a value'],
    [['keys', 'create', '--name'], '--name: needs a value'],
    [['keys', '--json'], '--json: name a command first (--help shows which)'],
    [['keys', 'create'], 'Missing required argument: --name (--help shows how)'],
  ])('[CLI1] %j is refused', async (words, line) => {
    const said: string[] = []
    const commandLine = { name: 'parley', main, complain: (text: string) => said.push(text) }
    expect([await runCommandLine(commandLine, words), said]).toEqual([1, [`parley: ${line}`]])
  })

  it('[CLI1] parley, gpu-node and edge refuse before anything is done', async () => {
    const [create, check, run, edgeRun] = await Promise.all([
      parley(['keys', 'create', '--name', 'a', '--day', '90'], LONELY),
      node('check', '--jsn'),
      node('--prot', '1'),
      edge('--port', '1'),
    ])
    const refused = (stderr: string) => ({ code: 1, stdout: '', stderr: `${stderr}\n` })
    expect(create).toEqual(refused('parley: --day: is not known here; did you mean --days?'))
    expect(check).toEqual(refused('gpu-node: --jsn: is not known here; did you mean --json?'))
    expect(run).toEqual(refused('gpu-node: --prot: is not known here; there are no flags'))
    expect(edgeRun).toEqual(refused('edge: --port: is not known here; there are no flags'))
    expect(existsSync(data)).toBe(false)
  })
})

describe('help', () => {
  it.each<[string, () => Promise<Finished>]>([
    ['parley --help', () => parley(['--help'])],
    ['parley', () => parley([])],
    ['parley start --port 1 --help', () => parley(['start', '--port', '1', '--help'], LONELY)],
    ['parley keys create -h', () => parley(['keys', 'create', '-h'], LONELY)],
    ['parley speak --help', () => parley(['speak', '--help'])],
    ['gpu-node --help', () => node('--help')],
    ['edge --help', () => edge('--help')],
  ])('[CLI2] %s starts nothing, and has no colours in a pipe', async (_words, run) => {
    const { code, stdout, stderr } = await run()
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toContain('USAGE')
    expect(stdout).not.toContain('\u001B')
    expect(existsSync(data)).toBe(false)
  })
})

describe('--json', () => {
  const json = async (...words: string[]) => {
    const { code, stdout, stderr } = await parley([...words, '--json'], { DATA_DIR: join(folder, 'json') })
    expect(code, stderr).toBe(0)
    return JSON.parse(stdout)
  }

  it('[CLI3] keys, nodes, migrate and backup print what programs read', async () => {
    expect(await json('migrate')).toMatchObject({ applied: expect.any(Number), backup: null })
    const made = await json('keys', 'create', '--name', 'phone')
    expect(made).toEqual({ keyId: expect.stringMatching(/^key_/), key: expect.stringMatching(/^pk_/) })
    const rotated = await json('keys', 'rotate', made.keyId)
    expect(rotated).toMatchObject({ oldKeyId: made.keyId, oldUntil: expect.any(Number) })
    expect(await json('keys', 'revoke', rotated.keyId)).toEqual({ keyId: rotated.keyId, isRevoked: true })
    expect(await json('keys', 'list')).toHaveLength(2)
    const { nodeId, token } = await json('nodes', 'add', '--name', 'home')
    expect(token).toMatch(/^nt_/)
    expect(await json('nodes', 'list')).toEqual([expect.objectContaining({ nodeId, name: 'home', revokedAt: null })])
    expect(await json('nodes', 'revoke', nodeId)).toEqual({ nodeId, isRevoked: true })
    const file = join(folder, 'copy.db')
    expect(await json('backup', '--out', file)).toEqual({ file, bytes: expect.any(Number) })
  }, 120_000)
})

describe('--json of the node', () => {
  it('[CLI3] setup prints an object per line, and at last how it ended', async () => {
    const env = { DATA_DIR: data, GPU_NODE_CONFIG: join(folder, 'gpu-node.toml') }
    writeFileSync(env.GPU_NODE_CONFIG, 'slots = 2\n')
    const { code, stdout, stderr } = await runProgram(['gpu-node/main.ts', 'setup', '--json'], env)
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect([code, stderr]).toEqual([1, ''])
    expect(lines).toEqual([{ text: expect.stringMatching(/names no engine/) }, { ok: false }])
  })
})

describe('an edge that is not there', () => {
  it.each([['talk', '--text', 'hello'], ['sign-in']])(
    '[CLI4] %s says in one line what it tried, and how to name one',
    async (...words) => {
      const said = await parley([...words, '--key', 'pk_x'], LONELY)
      expect(said).toEqual({
        code: 1,
        stdout: '',
        stderr:
          'parley: no edge answers at http://127.0.0.1:1: start one (parley start), or name one (--url https://…)\n',
      })
    },
  )

  it('[CLI4] an address of an edge that crashed is tried, too', async () => {
    const forget = writeEdgeAddress(folder, 'http://127.0.0.1:2')
    const said = await parley(['sign-in', '--data', folder], LONELY)
    expect(said.stderr).toContain('no edge answers at http://127.0.0.1:2 or http://127.0.0.1:1')
    forget()
  })
})

describe('parley speak', () => {
  const out = join(folder, 'said.wav')

  it('[CLI6] says a text into a file', async () => {
    const said = await parley(['speak', 'Hello', 'there.', '--out', out, '--json'])
    expect(said.code, said.stderr).toBe(0)
    const { samples, sampleRate } = readWav(readFileSync(out))
    expect(sampleRate).toBe(16_000)
    expect(JSON.parse(said.stdout)).toEqual({ file: out, durationMs: Math.round(samples.length / 16) })
    rmSync(out)
  })

  it.each<[string[], string]>([
    [['你好 Anna'], 'the embedded voice speaks English and cannot say 你 好'],
    [['…'], 'the text has no word that could be said'],
    [['Hello', '--voice', 'slr'], '--voice: there is no slr; did you mean slt?'],
  ])('[CLI6] refuses %j instead of writing silence', async (words, line) => {
    expect(await parley(['speak', ...words, '--out', out])).toEqual({
      code: 1,
      stdout: '',
      stderr: `gpu-node: ${line}\n`,
    })
    expect(existsSync(out)).toBe(false)
  })
})
