// The program itself: gpu-node/main.ts as a process with the embedded engines, joined to a scripted edge.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { lockDataFolder } from '#shared/on-node/data-folder-lock.ts'
import type { ScriptedEdge } from '#tests/fakes/scripted-edge.ts'
import { startScriptedEdge } from '#tests/fakes/scripted-edge.ts'
import { TOKEN, welcome } from './node-world.ts'

const MAIN = fileURLToPath(new URL('../../gpu-node/main.ts', import.meta.url))
const closing: Array<() => Promise<void> | void> = []
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close()
})

async function startEdge(): Promise<ScriptedEdge> {
  const edge = await startScriptedEdge()
  closing.push(() => edge.close())
  return edge
}

function startProgram(environment: Record<string, string>, folder?: string) {
  const dataDir = folder ?? mkdtempSync(join(tmpdir(), 'parley-program-'))
  // In its own folder, so that no .env of the machine is read.
  const child = spawn(process.execPath, [MAIN], {
    cwd: dataDir,
    env: { PATH: process.env.PATH ?? '', DATA_DIR: dataDir, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  closing.push(() => void child.kill('SIGKILL'))
  closing.push(() => rmSync(dataDir, { recursive: true, force: true }))
  const lines: string[] = []
  const errors: string[] = []
  const ready = new Promise<string>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      if (JSON.parse(line).msg.startsWith('ready')) resolve(line)
    })
  })
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line))
  const exited = once(child, 'close').then(([code]) => code as number | null)
  return { child, dataDir, lines, errors, ready, exited }
}

describe('gpu-node program', () => {
  it('[NOD13] joins with the embedded engines ready, says so in JSON, and ends on SIGTERM with 0 and nothing left behind', async () => {
    const edge = await startEdge()
    const program = startProgram({ EDGE_URL: edge.url, NODE_TOKEN: TOKEN })
    const control = await welcome(edge)
    expect(JSON.parse(await program.ready)).toMatchObject({ level: 'INFO', program: 'gpu-node' })
    const hello = control.messages.find((message) => message.type === 'node.hello')
    expect(hello?.engines.map(({ name, ready, demonstration }) => [name, ready, demonstration])).toEqual([
      ['silero', true, false],
      ['pocketsphinx', true, true],
      ['parley-responder', true, true],
      ['flite', true, false],
    ])
    expect(hello?.freeSlots).toBeGreaterThanOrEqual(1)
    program.child.kill('SIGTERM')
    await control.next('node.draining')
    expect(await program.exited).toBe(0)
    expect(program.errors).toEqual([])
    expect(program.lines.join('')).not.toContain(TOKEN)
  })

  it('[NOD14] a token that the edge refuses ends the program with a reason and an exit code that is not 0', async () => {
    const edge = await startEdge()
    edge.refuse = () => ({ status: 401, body: { fault: { code: 'unauthenticated' } } })
    const program = startProgram({ EDGE_URL: edge.url, NODE_TOKEN: TOKEN })
    expect(await program.exited).toBe(78)
    expect(program.lines.at(-2)).toContain('NODE_TOKEN')
  })

  it('[NOD15] a wrong setting ends the program at once, with the variable on stderr', async () => {
    const program = startProgram({ NODE_TOKEN: TOKEN, SLOTS: 'many' })
    expect(await program.exited).toBe(78)
    expect(program.errors).toEqual(['SLOTS: must be a whole number from 1 to 256'])
  })

  it('[NOD30] a second node on the same data folder is refused before it does anything', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-program-'))
    const release = lockDataFolder(folder, 'node')
    closing.push(release)
    const second = startProgram({ NODE_TOKEN: TOKEN }, folder)
    expect(await second.exited).toBe(78)
    expect(second.errors).toEqual([`DATA_DIR: ${folder} is in use by another GPU node`])
    expect(second.lines).toEqual([])
  })
})
