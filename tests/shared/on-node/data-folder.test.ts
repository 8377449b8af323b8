// The data folder of a program: made with all that is missing above it, or refused in one line.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FaultError } from '#shared/fault.ts'
import { makeDataFolder } from '#shared/on-node/data-folder.ts'

describe('the data folder', () => {
  it('[SEC16] is made with what is missing above it, for its owner only', () => {
    const root = mkdtempSync(join(tmpdir(), 'parley-data-'))
    makeDataFolder(join(root, 'one/two'))
    expect(statSync(join(root, 'one/two')).mode & 0o777).toBe(0o700)
    makeDataFolder(join(root, 'one/two'))
    rmSync(root, { recursive: true })
  })

  // Linux only: elsewhere there is no such folder to refuse.
  it.runIf(process.platform === 'linux')(
    '[SEC16] is refused where the system makes no folders, instead of trying for ever',
    () => {
      expect(() => makeDataFolder('/proc/parley/data')).toThrow(FaultError)
    },
  )
})
