// The real thing: Python process trees that ignore SIGTERM, hide in sessions of their own, or are left by a killed node.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '#shared/clock.ts'
import type { PidRecord } from '#gpu-node/supervisor/pidfile.ts'
import { engineEnvironment } from '#gpu-node/supervisor/engine-environment.ts'
import { createProcessHost, type ProcessHost } from '#gpu-node/supervisor/process-host.ts'
import { canSupervise } from '#tests/tooling/machine.ts'
import { createEngineTree, isAlive, type EngineTree } from './engine-tree.ts'

const SUPERVISING = fileURLToPath(new URL('./supervising-process.ts', import.meta.url))
const GRACE_MS = 300
const ESCAPED = ['core', 'core-child', 'escaped', 'leader', 'session', 'session-child']

const trees: EngineTree[] = []
const children: ChildProcess[] = []
const folders: string[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  for (const tree of trees.splice(0)) tree.remove()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
function tree(...modes: Parameters<typeof createEngineTree>): EngineTree {
  const made = createEngineTree(...modes)
  trees.push(made)
  return made
}
function host(): ProcessHost & { pidfile: string } {
  const folder = mkdtempSync(join(tmpdir(), 'parley-pids-'))
  folders.push(folder)
  return { ...createProcessHost({ folder, clock: systemClock, graceMs: GRACE_MS }), pidfile: join(folder, 'tree.pid') }
}
/** Another process of this machine, which must not be harmed. */
function bystander(env: NodeJS.ProcessEnv = {}): number {
  const child = spawn('sleep', ['600'], { env: { ...process.env, ...env }, detached: true })
  children.push(child)
  return child.pid ?? 0
}
/** A node of its own that runs this tree. */
function supervise(engine: EngineTree, pidfile: string): ChildProcess {
  const plan = `${pidfile}.plan`
  writeFileSync(plan, JSON.stringify(engine.launch))
  const program = spawn(process.execPath, [SUPERVISING, pidfile, plan], { stdio: ['ignore', 'ignore', 'inherit'] })
  children.push(program)
  return program
}
function startTimeOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19])
}
const ignore = (): void => {}

describe.skipIf(!canSupervise())('the process of an engine', () => {
  it('[SUP5] a tree that ignores SIGTERM is gone when the stop is done, sessions of its own included', async () => {
    const stubborn = tree('escapes')
    const running = host().start('tree', stubborn.launch, ignore)
    const pids = Object.values(await stubborn.settled(ESCAPED))
    running.stop()
    expect(await running.ended).toMatchObject({ isUnable: false })
    expect([...pids, running.pid ?? 0].filter(isAlive)).toEqual([])
  })

  it('[SUP5] a tree that heeds SIGTERM ends before the grace is over', async () => {
    const polite = tree('polite')
    const folder = mkdtempSync(join(tmpdir(), 'parley-pids-'))
    folders.push(folder)
    const running = createProcessHost({ folder, clock: systemClock, graceMs: 60_000 }).start(
      'tree',
      polite.launch,
      ignore,
    )
    await polite.settled()
    running.stop()
    await running.ended
    await polite.gone()
  })

  it('[SUP5] a shim that cannot work is not waited for', async () => {
    const stubborn = tree('escapes')
    const running = host().start('tree', stubborn.launch, ignore)
    const pids = await stubborn.settled(ESCAPED)
    process.kill(running.pid ?? 0, 'SIGSTOP')
    running.stop()
    expect((await running.ended).how).toBe('signal SIGKILL')
    expect(Object.values(pids).filter(isAlive)).toEqual([])
  })

  it('[SUP6] when the first process of an engine is killed, the others are ended before its end is told', async () => {
    const stubborn = tree('escapes')
    const running = host().start('tree', stubborn.launch, ignore)
    const pids = await stubborn.settled(ESCAPED)
    process.kill(pids['leader'] ?? 0, 'SIGKILL')
    expect((await running.ended).how).toBe('signal SIGKILL')
    expect(Object.values(pids).filter(isAlive)).toEqual([])
  })

  it('[SUP6] when the shim itself is killed, what it leaves is found by its mark', async () => {
    const stubborn = tree()
    const running = host().start('tree', stubborn.launch, ignore)
    const pids = await stubborn.settled()
    process.kill(running.pid ?? 0, 'SIGKILL')
    expect((await running.ended).how).toBe('signal SIGKILL')
    expect(Object.values(pids).filter(isAlive)).toEqual([])
  })

  it('[SUP7] nothing is left when the node is killed with SIGKILL', async () => {
    const stubborn = tree('escapes')
    const { pidfile } = host()
    const program = supervise(stubborn, pidfile)
    const pids = await stubborn.settled(ESCAPED)
    const shim = (JSON.parse(readFileSync(pidfile, 'utf8')) as PidRecord).pid
    program.kill('SIGKILL')
    await once(program, 'exit')
    await stubborn.gone()
    await expect.poll(() => [shim, ...Object.values(pids)].filter(isAlive), { timeout: 10_000 }).toEqual([])
  })

  it('[SUP8] what an earlier run left is ended before the next start; another node that lives is not robbed', async () => {
    const stubborn = tree()
    const { pidfile, sweep, otherOwner } = host()
    const program = supervise(stubborn, pidfile)
    const pids = await stubborn.settled()
    expect(await otherOwner('tree')).toBe(program.pid)
    const { pid: shim } = JSON.parse(readFileSync(pidfile, 'utf8')) as PidRecord
    // Frozen, the shim cannot do its work, as on a machine that is out of memory.
    process.kill(shim, 'SIGSTOP')
    program.kill('SIGKILL')
    await once(program, 'exit')
    expect(await otherOwner('tree')).toBeUndefined()
    const swept = await sweep('tree')
    expect(swept.left).toEqual([])
    expect(swept.found).toEqual(expect.arrayContaining([shim, ...Object.values(pids)]))
    // A dead process stays on show until its new parent has taken notice.
    await expect.poll(() => [shim, ...Object.values(pids)].filter(isAlive), { timeout: 10_000 }).toEqual([])
  })

  it('[SUP9] a pid that was given to another process since kills nobody', async () => {
    const { pidfile, sweep } = host()
    const stranger = bystander()
    const record = { pid: stranger, pgid: stranger, owner: { pid: 1, startTime: 1 } }
    // Another start time; then the right one, as after a reboot, but no mark.
    for (const startTime of [startTimeOf(stranger) - 1, startTimeOf(stranger)]) {
      writeFileSync(pidfile, JSON.stringify({ ...record, startTime }))
      expect(await sweep('tree')).toEqual({ found: [], left: [] })
    }
    // The mark of an engine of another folder.
    const other = bystander({ PARLEY_ENGINE: `${pidfile}.other` })
    expect(await sweep('tree')).toEqual({ found: [], left: [] })
    expect([stranger, other].filter(isAlive)).toEqual([stranger, other])
    writeFileSync(pidfile, 'not a record')
    expect(await sweep('tree')).toEqual({ found: [], left: [] })
  })

  it('[SUP10] an engine inherits no secret, no stdin, and says its lines at once', async () => {
    const lines: string[] = []
    const { launch } = tree()
    const command = [
      'python3',
      '-c',
      'import os,sys; print(sorted(os.environ)); print(repr(sys.stdin.read())); print("oops", file=sys.stderr); sys.exit(3)',
    ]
    vi.stubEnv('NODE_TOKEN', 'a token of the node')
    onTestFinished(() => void vi.unstubAllEnvs())
    const own = { VLLM_LOGGING_LEVEL: 'INFO', PARLEY_ENGINE: 'a lie' }
    const running = host().start('tree', { ...launch, command, environment: own }, (line) => lines.push(line))
    const end = await running.ended
    expect(end).toMatchObject({ how: 'exit code 3', isUnable: false })
    expect(end.lastLines.toSorted()).toEqual(lines.toSorted())
    expect(lines).toContain("''")
    expect(lines).toContain('oops')
    const names = lines.find((line) => line.startsWith('[')) ?? ''
    for (const name of ['PATH', 'PYTHONUNBUFFERED', 'VLLM_LOGGING_LEVEL', 'PARLEY_ENGINE'])
      expect(names).toContain(name)
    for (const name of ['NODE_TOKEN', 'VITEST', 'npm_']) expect(names).not.toContain(name)
  })

  it('[SUP10] it finds the programs beside its own, as in an activated environment', () => {
    const [own, mark] = [{ HOME: '/own' }, { mark: 'm', program: '/venvs/vllm/bin/vllm' }]
    expect(engineEnvironment({ PATH: '/usr/bin', HOME: '/home' }, own, mark)).toMatchObject({
      PATH: '/venvs/vllm/bin:/usr/bin',
      HOME: '/own',
    })
    expect(engineEnvironment({ PATH: '/usr/bin' }, { PATH: '/mine' }, mark)['PATH']).toBe('/mine')
    expect(engineEnvironment({ PATH: '/usr/bin' }, {}, { mark: 'm', program: 'python3' })['PATH']).toBe('/usr/bin')
  })

  it('[SUP11] a program that is not there, and a folder that is not there, are named', async () => {
    const { launch } = tree()
    const missing = await host().start('tree', { ...launch, command: ['no-such-program'] }, ignore).ended
    expect(missing).toMatchObject({ isUnable: true, lastLines: [expect.stringContaining("'no-such-program'")] })
    const nowhere = await host().start('tree', { ...launch, workingFolder: '/no/such/folder' }, ignore).ended
    expect(nowhere).toMatchObject({ isUnable: true, how: '/no/such/folder is missing' })
  })
})
