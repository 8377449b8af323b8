// The edge's program and the command line as a user runs them: real processes, real files, real signals.
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createStops } from '#edge/runtime/node/stops.ts'
import { silentLog } from '#shared/log.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const program = (path: string) => fileURLToPath(new URL(`../../../../${path}`, import.meta.url))

/** Several programs one after the other, each of which takes seconds to start on a busy machine. */
const PROGRAMS_MS = 90_000

describe('the programs', { timeout: PROGRAMS_MS }, () => {
  let dataDir: string
  let running: ChildProcess[]
  beforeEach(() => {
    dataDir = join(mkdtempSync(join(tmpdir(), 'parley-process-')), 'data')
    running = []
  })
  afterEach(() => {
    for (const child of running) child.kill('SIGKILL')
    rmSync(join(dataDir, '..'), { recursive: true })
  })

  /** A line is given to `onLine` as it comes; resolves when the program has ended. */
  function run(path: string, args: string[], environment: NodeJS.ProcessEnv = {}, onLine?: (line: string) => void) {
    const { PATH } = process.env
    const env = { PATH, DATA_DIR: dataDir, PORT: '0', ...environment }
    const child = spawn(process.execPath, [program(path), ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
    running.push(child)
    const out: string[] = []
    const err: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => {
      out.push(line)
      onLine?.(line)
    })
    createInterface({ input: child.stderr }).on('line', (line) => err.push(line))
    const ended = new Promise<{ code: number | null; out: string[]; err: string[] }>((resolve) =>
      child.once('close', (code) => resolve({ code, out, err })),
    )
    return { child, ended }
  }

  async function startEdge(environment: NodeJS.ProcessEnv = {}) {
    const ready = Promise.withResolvers<string>()
    const edge = run('edge/runtime/node/main.ts', [], environment, (line) => {
      const url = /"msg":"ready (http:[^"]+)"/.exec(line)?.[1]
      if (url) ready.resolve(url)
    })
    void edge.ended.then(({ err }) => ready.reject(new Error(err.join('\n'))))
    return { ...edge, url: await ready.promise }
  }
  const parley = (...args: string[]) => run('edge/cli/main.ts', args).ended

  it('[OPS13] the first start makes a key and a signing secret for this user’s eyes; SIGTERM ends it; the second keeps them', async () => {
    const first = await startEdge()
    const key = readFileSync(join(dataDir, 'first-key'), 'utf8').trim()
    const secret = readFileSync(join(dataDir, 'signing-secret'), 'utf8')
    for (const name of readdirSync(dataDir)) expect(statSync(join(dataDir, name)).mode & 0o077).toBe(0)
    const me = await fetch(`${first.url}/api/me`, { headers: { authorization: `Bearer ${key}` } })
    expect(await me.json()).toMatchObject({ scopes: expect.arrayContaining(['talk', 'history:write', 'admin']) })
    first.child.kill('SIGTERM')
    expect(await first.ended).toMatchObject({ code: 0, err: [] })
    const lines = (await first.ended).out.map((line): Record<string, unknown> => JSON.parse(line))
    expect(lines.map(({ level }) => level)).not.toContain('ERROR')
    expect(readdirSync(join(dataDir, 'logs'))[0]).toMatch(/^edge/)

    const second = await startEdge()
    expect(readFileSync(join(dataDir, 'first-key'), 'utf8').trim()).toBe(key)
    expect(readFileSync(join(dataDir, 'signing-secret'), 'utf8')).toBe(secret)
    second.child.kill('SIGINT')
    expect((await second.ended).code).toBe(0)
  })

  it('[OPS14] a port in use and a wrong setting end the start with one line that names the variable', async () => {
    const edge = await startEdge()
    const { port } = new URL(edge.url)
    const elsewhere = { PORT: port, DATA_DIR: join(dataDir, '..', 'other') }
    const second = await run('edge/runtime/node/main.ts', [], elsewhere).ended
    expect(second).toMatchObject({ code: 78, err: [`PORT: ${port} on 127.0.0.1 is in use by another program`] })
    const wrong = await run('edge/runtime/node/main.ts', [], { LOG_LEVEL: 'loud' }).ended
    expect(wrong).toMatchObject({ code: 78, err: ['LOG_LEVEL: must be one of debug, info, warn, error'] })
  })

  it('[OPS15] keys and nodes are made, listed and revoked from the command line, beside a running edge', async () => {
    const edge = await startEdge()
    const made = await parley('keys', 'create', '--name', 'phone', '--scopes', 'talk')
    const key = made.out[0] ?? ''
    const me = async () => fetch(`${edge.url}/api/me`, { headers: { authorization: `Bearer ${key}` } })
    const { keyId } = (await (await me()).json()) as { keyId: string }
    const listed = (await parley('keys', 'list')).out.join('\n')
    expect(listed).toContain(keyId)
    expect(listed).not.toContain(key)
    expect(await parley('keys', 'revoke', keyId)).toMatchObject({ code: 0 })
    expect((await me()).status).toBe(401)
    expect((await parley('nodes', 'add', '--name', 'box')).out[0]).toMatch(/^nt_[\w-]{43}$/)
    expect((await parley('nodes', 'list')).out.join('\n')).toMatch(/nod_\w+ +box/)
  })

  it('[OPS16] the command line says what is wrong in one line that names it, and fails', async () => {
    expect(await parley('keys', 'create', '--name', 'x', '--scopes', 'talk,fly')).toEqual({
      code: 1,
      out: [],
      err: ['parley: --scopes: must be some of talk, history:read, history:write, voices, admin, with commas between'],
    })
    expect((await parley('migrate')).out).toEqual([expect.stringMatching(/^applied \d+ migrations$/)])
    expect(await parley('keys', 'revoke', 'key_none')).toMatchObject({
      code: 1,
      err: ['parley: there is no valid key key_none'],
    })
    const unknown = await parley('fly')
    expect(unknown.code).toBe(1)
    expect(unknown.err).toEqual([expect.stringMatching(/^parley: .*fly/)])
  })
})

describe('stopping', () => {
  it('[OPS17] goes in reverse, once, and past a step that hangs or fails', async () => {
    const clock = createVirtualClock()
    const stops = createStops({ clock, log: silentLog })
    const stopped: string[] = []
    const step = (name: string, how: () => Promise<unknown> = () => Promise.resolve()) =>
      stops.add(name, () => {
        stopped.push(name)
        return how()
      })
    step('database')
    step('hanging', () => new Promise(() => {}))
    step('failing', () => Promise.reject(new Error('broken')))
    step('rooms')
    const ended = Promise.all([stops.run(), stops.run()])
    await clock.advance(4_000)
    await ended
    expect(stopped).toEqual(['rooms', 'failing', 'hanging', 'database'])
    expect(clock.pending).toBe(0)
  })
})
