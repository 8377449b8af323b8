// A run of the Python workers' tests that is cut: nothing of it stays behind.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findEngines } from './engines-environment.ts'

/** Python starts, and with it pytest, on a busy machine. */
const START_MS = 25_000

function folderIn(parent: string): string {
  const folder = mkdtempSync(join(parent, 'planted-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Runs the tests in a process of its own with this Python, which writes the ids of two processes into the file. */
async function startRun(python: string, tests: string, file: string): Promise<{ run: ChildProcess; pids: number[] }> {
  const script = `import { testEngines } from '#tests/tooling/engines-tests.ts'
    await testEngines({ python: ${JSON.stringify(python)}, hasF5: false }, [${JSON.stringify(tests)}])`
  const run = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'ignore' })
  onTestFinished(() => void run.kill('SIGKILL'))
  const read = (): number[] => (existsSync(file) ? readFileSync(file, 'utf8').trim().split(/\s+/).map(Number) : [])
  await expect.poll(read, { timeout: START_MS }).toHaveLength(2)
  return { run, pids: read() }
}

const isAlive = (pid: number): boolean => {
  try {
    // A zombie has no command line; it waits for its parent alone.
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== ''
  } catch {
    return false
  }
}

describe.skipIf(process.platform !== 'linux')('a run of the Python tests that is cut', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('[CHK14] ends what it started on %s', async (signal) => {
    const folder = folderIn(tmpdir())
    const [python, file] = [join(folder, 'python'), join(folder, 'pids')]
    writeFileSync(python, `#!/bin/sh\nsleep 300 &\necho $! $$ > ${file}\nwait\n`)
    chmodSync(python, 0o755)
    const { run, pids } = await startRun(python, folder, file)
    expect(pids.map(isAlive)).toEqual([true, true])
    run.kill(signal)
    await once(run, 'exit')
    await expect.poll(() => pids.filter(isAlive), { timeout: START_MS }).toEqual([])
  })

  it.skipIf(!findEngines())('[CHK14] ends pytest and its workers when it is itself killed', async () => {
    const folder = folderIn('tests/gpu-node/engines/python')
    const file = join(folder, 'pids')
    const lines = [
      'import os, subprocess, time',
      'def test_hangs() -> None:',
      '    child = subprocess.Popen(["sleep", "300"])',
      `    open(${JSON.stringify(file)}, "w").write(f"{child.pid} {os.getpid()}")`,
      '    time.sleep(300)',
    ]
    writeFileSync(join(folder, 'test_hang.py'), `${lines.join('\n')}\n`)
    const { run, pids } = await startRun(findEngines()?.python ?? '', folder, file)
    run.kill('SIGKILL')
    await expect.poll(() => pids.filter(isAlive), { timeout: START_MS }).toEqual([])
  })
})
