// When the packages are installed again. The install itself is proved by each fresh clone.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { missingPackages } from './install-if-needed.mjs'

interface Entry {
  version: string
  optional?: boolean
}
const ROOT = { '': { version: '0.1.0' } }
const ws = (version: string): Record<string, Entry> => ({ 'node_modules/ws': { version } })

function missingIn(wanted: Record<string, Entry>, installed?: Record<string, Entry>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'parley-install-'))
  onTestFinished(() => rmSync(root, { recursive: true, force: true }))
  writeFileSync(join(root, 'package-lock.json'), JSON.stringify({ packages: { ...ROOT, ...wanted } }))
  if (installed) {
    mkdirSync(join(root, 'node_modules'))
    writeFileSync(join(root, 'node_modules/.package-lock.json'), JSON.stringify({ packages: installed }))
  }
  return missingPackages(root)
}

describe('install-if-needed', () => {
  it('[CHK6] a fresh clone lacks everything', () => {
    expect(missingIn(ws('8.0.0'))).toEqual(['node_modules/ws'])
  })

  it('[CHK6] an upgraded lockfile lacks what it upgraded', () => {
    expect(missingIn(ws('8.1.0'), ws('8.0.0'))).toEqual(['node_modules/ws'])
  })

  it('[CHK6] nothing is missing where versions agree, nor where only a build for another machine is absent', () => {
    expect(missingIn(ws('8.0.0'), ws('8.0.0'))).toEqual([])
    const other = { 'node_modules/@libsql/win32-x64-msvc': { version: '0.5.29', optional: true } }
    expect(missingIn({ ...ws('8.0.0'), ...other }, ws('8.0.0'))).toEqual([])
  })
})
