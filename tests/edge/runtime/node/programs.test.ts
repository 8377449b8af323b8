// The programs and their data folder, as processes: what they leave in it is for their user's eyes only, and a folder that
// cannot be used is said to be so.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startTestEdge } from '#tests/edge/http/test-edge.ts'

const TOKEN = 'nt_of-another-edge-than-this'
const EDGE = ['edge/runtime/node/main.ts']
const NODE = ['gpu-node/main.ts']
const MIGRATE = ['edge/cli/main.ts', 'migrate']

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'parley-folder-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

async function run([path = '', ...args]: string[], environment: Record<string, string>) {
  const program = fileURLToPath(new URL(`../../../../${path}`, import.meta.url))
  const env = { PATH: process.env['PATH'] ?? '', NODE_TOKEN: TOKEN, PORT: '0', ...environment }
  // In a folder of its own, so that no .env of the machine is read.
  const child = spawn(process.execPath, [program, ...args], { cwd: folder, env, stdio: ['ignore', 'ignore', 'pipe'] })
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  return { said, code }
}

describe('the data folder of a program', () => {
  it.each([
    { program: EDGE, code: 78 },
    { program: NODE, code: 78 },
    { program: MIGRATE, code: 1 },
  ])('[SEC16] that cannot be used ends $program.0 with one line that says so', async ({ program, code }) => {
    const file = join(folder, 'a-file')
    writeFileSync(file, '')
    const ended = await run(program, { DATA_DIR: file })
    expect(ended.said).toMatch(/^(parley: )?DATA_DIR: .*a-file cannot be used \(\w+\)\n$/)
    expect(ended.code).toBe(code)
  })

  it('[SEC17] holds nothing of a node that others may read, even where the folder was there and open to all', async () => {
    const dataDir = join(folder, 'data')
    mkdirSync(dataDir)
    chmodSync(dataDir, 0o755)
    const edge = await startTestEdge()
    const { code } = await run(NODE, { DATA_DIR: dataDir, EDGE_URL: edge.url })
    await edge.close()
    expect(code).toBe(78)
    const left = readdirSync(dataDir, { recursive: true, encoding: 'utf8' })
    expect(left).toContain('node.db')
    for (const name of left) expect(statSync(join(dataDir, name)).mode & 0o077).toBe(0)
  })
})
