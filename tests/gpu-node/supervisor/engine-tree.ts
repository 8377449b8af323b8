// The tree of engine_tree.py: how it is started, which of its processes live, and how to wait for them by looking at /proc.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect } from 'vitest'
import type { LaunchPlan, ManagedEngine } from '#gpu-node/supervisor/managed-engine.ts'

/** Six Python programs on a busy machine. */
const SETTLE_MS = 15_000
const TREE = ['core', 'core-child', 'leader', 'session', 'session-child']

export interface EngineTree {
  folder: string
  launch: LaunchPlan
  engine: ManagedEngine
  /** From now on it answers /probe. */
  answer(): void
  pids(): Record<string, number>
  /** Resolves when all processes of the tree have settled, with their pids. */
  settled(names?: string[]): Promise<Record<string, number>>
  /** Resolves when none of them lives. */
  gone(): Promise<void>
  remove(): void
}

export function createEngineTree(...modes: ('polite' | 'escapes')[]): EngineTree {
  const folder = mkdtempSync(join(tmpdir(), 'parley-tree-'))
  const launch: LaunchPlan = {
    command: ['python3', '-B', resolve('tests/fakes/engine_tree.py'), folder, ...modes],
    environment: {},
    workingFolder: folder,
    vramReserveBytes: 0,
    startTimeoutMs: SETTLE_MS,
    onDemand: false,
    idleUnloadMs: SETTLE_MS,
  }
  const pids = (): Record<string, number> =>
    Object.fromEntries(
      readdirSync(folder)
        .filter((name) => [...TREE, 'escaped'].includes(name))
        .map((name) => [name, Number(readFileSync(join(folder, name), 'utf8'))]),
    )
  const ask = async (path: string, signal: AbortSignal): Promise<void> => {
    const port = readFileSync(join(folder, 'port'), 'utf8')
    const { ok } = await fetch(`http://127.0.0.1:${port}${path}`, { signal })
    if (!ok) throw new Error('503')
  }
  return {
    folder,
    launch,
    engine: {
      name: 'tree',
      role: 'tts',
      launch,
      isAlive: (signal) => ask('/health', signal),
      probe: (signal) => ask('/probe', signal),
    },
    answer: () => writeFileSync(join(folder, 'answer'), ''),
    pids,
    settled: async (names = TREE) => {
      await expect.poll(() => Object.keys(pids()).toSorted(), { timeout: SETTLE_MS, interval: 20 }).toEqual(names)
      return pids()
    },
    gone: () =>
      expect.poll(() => Object.values(pids()).filter(isAlive), { timeout: SETTLE_MS, interval: 20 }).toEqual([]),
    remove: () => {
      for (const pid of Object.values(pids()).filter(isAlive)) process.kill(pid, 'SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A zombie lives no more; `kill -0` would say that it does. */
export function isAlive(pid: number): boolean {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return !/^[ZX]/.test(text.slice(text.lastIndexOf(')') + 2))
  } catch {
    return false
  }
}
