// The supervisor over a real process tree: from the first look to the last process, as on a node.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { startChildGroup } from '#shared/on-node/child-group.ts'
import { Supervisor } from '#gpu-node/supervisor/supervisor.ts'
import { createScriptedGpu } from '#tests/fakes/scripted-gpu.ts'
import { canSupervise } from '#tests/tooling/machine.ts'
import { createEngineTree, isAlive } from './engine-tree.ts'

const SUPERVISING = fileURLToPath(new URL('./supervising-process.ts', import.meta.url))
/** Six Python programs, twice, on a busy machine. */
const SETTLE = { timeout: 20_000, interval: 20 }

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end()
})
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'parley-pids-'))
  ends.push(() => rmSync(made, { recursive: true, force: true }))
  return made
}

describe.skipIf(!canSupervise())('a supervised engine', () => {
  it('[SUP13][SUP18] is ready once it answers, comes back when it dies, and is gone at the end', async () => {
    const tree = createEngineTree('polite')
    ends.push(tree.remove)
    const pidFolder = folder()
    const supervisor = new Supervisor({
      engines: [tree.engine],
      gpu: createScriptedGpu(systemClock),
      clock: systemClock,
      log: silentLog,
      folder: pidFolder,
      onChange: () => {},
    })
    ends.push(() => supervisor.stop())
    const start = supervisor.start()
    await tree.settled()
    // Its port is open and /health is answered; the real request is not.
    await expect.poll(() => supervisor.state('tree'), SETTLE).toBe('warming')
    tree.answer()
    await start
    expect(supervisor.state('tree')).toBe('ready')
    expect(readdirSync(pidFolder)).toEqual(['tree.pid'])
    const first = tree.pids()
    process.kill(first['leader'] ?? 0, 'SIGKILL')
    await expect.poll(() => tree.pids()['leader'], SETTLE).not.toBe(first['leader'])
    await expect.poll(() => supervisor.state('tree'), SETTLE).toBe('ready')
    expect(Object.values(first).filter(isAlive)).toEqual([])
    await supervisor.stop()
    expect(Object.values(tree.pids()).filter(isAlive)).toEqual([])
    expect([supervisor.state('tree'), readdirSync(pidFolder)]).toEqual(['stopped', []])
  })

  it('[SUP24] ends with the node, and only with it, when the group in which the node runs is stopped', async () => {
    const tree = createEngineTree()
    ends.push(tree.remove)
    const plan = join(folder(), 'plan.json')
    writeFileSync(plan, JSON.stringify(tree.launch))
    const args = [SUPERVISING, join(folder(), 'tree.pid'), plan]
    const node = startChildGroup({ program: process.execPath, args, env: process.env, onLine: () => {} })
    const pids = await tree.settled()
    const groups = new Set(Object.values(pids).map(groupOf))
    expect(groups).not.toContain(node.pid)
    await node.stop()
    await tree.gone()
  })
})

function groupOf(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[2])
}
