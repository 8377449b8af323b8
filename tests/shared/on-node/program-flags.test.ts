// The flags with which Parley's programs run: the same wherever they are started, and worth it.
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { PROGRAM_FLAGS } from '#shared/on-node/program-flags.ts'

/** The store pulls in drizzle-orm. */
const MEASURE = `
  const before = process.memoryUsage.rss()
  await import(${JSON.stringify(pathToFileURL(resolve('edge/store/store.ts')).href)})
  process.stdout.write(JSON.stringify({ grownBy: process.memoryUsage.rss() - before }))`
const Package = v.object({ scripts: v.record(v.string(), v.string()) })
const Measured = v.object({ grownBy: v.number() })

/** Bytes by which loading the store enlarges a program. Without coverage, which keeps every function's counts. */
async function grownBy(flags: readonly string[]): Promise<number> {
  const { NODE_V8_COVERAGE: _, ...env } = process.env
  const args = [...flags, '--input-type=module', '--eval', MEASURE]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return v.parse(Measured, JSON.parse(stdout)).grownBy
}

describe('flags of the programs', () => {
  it('[OPS25] each script of package.json starts a program with the flags that `npm start` gives it', () => {
    const { scripts } = v.parse(Package, JSON.parse(readFileSync('package.json', 'utf8')))
    const programs = Object.values(scripts).filter(
      (script) => /^node .*\/?main\.ts/.test(script) && !/tests\//.test(script),
    )
    expect(programs.length).toBeGreaterThan(5)
    for (const script of programs) {
      const [, flags = ''] = /^node (.*?)\S*main\.ts/.exec(script) ?? []
      const asUrl = (flag: string): string =>
        flag.replace(/(?<=^--import=).*/, (path) => pathToFileURL(resolve(path)).href)
      expect(flags.trim().split(' ').map(asUrl), script).toEqual(PROGRAM_FLAGS)
    }
  })

  it('[OPS25] with them the store’s modules need less than half of the memory', async () => {
    await grownBy(PROGRAM_FLAGS)
    const [withFlags, without] = [await grownBy(PROGRAM_FLAGS), await grownBy([])]
    expect(withFlags).toBeLessThan(without / 2)
  })
})
