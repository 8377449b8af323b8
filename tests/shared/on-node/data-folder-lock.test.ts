// Who may hold a data folder at once. That a program is refused is proved with the programs themselves.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { FaultError } from '#shared/fault.ts'
import { lockDataFolder } from '#shared/on-node/data-folder-lock.ts'

it('[NOD30] one edge and one node hold a folder, and no second of either before the first has let go', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-lock-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const releaseEdge = lockDataFolder(folder, 'edge')
  const releaseNode = lockDataFolder(folder, 'node')
  expect(() => lockDataFolder(folder, 'node')).toThrow(FaultError)
  expect(() => lockDataFolder(folder, 'edge')).toThrow(FaultError)
  await releaseNode()
  await lockDataFolder(folder, 'node')()
  expect(() => lockDataFolder(folder, 'edge')).toThrow(FaultError)
  await releaseEdge()
})
