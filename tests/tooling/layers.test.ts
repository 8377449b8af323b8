// Plants violations into a tree of its own and expects the linter's configuration to catch each, and nothing else.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LAYERS } from './layer-table.ts'

const Lint = v.object({
  diagnostics: v.array(
    v.object({
      code: v.optional(v.string(), ''),
      filename: v.string(),
      labels: v.array(v.object({ span: v.object({ line: v.number() }) })),
    }),
  ),
})

const HABITS: Record<string, { file: string; text: string }> = {
  'typescript(no-floating-promises)': {
    file: 'shared/floating.ts',
    text: 'export async function a(): Promise<void> {}\na()\n',
  },
  'typescript(no-misused-promises)': {
    file: 'shared/misused.ts',
    text: 'export async function a(): Promise<boolean> {\n  return true\n}\nif (a()) a.name.at(0)\n',
  },
  'typescript(await-thenable)': { file: 'shared/thenable.ts', text: 'const one = 1\nawait one\nexport {}\n' },
  'typescript(no-explicit-any)': { file: 'shared/loose.ts', text: 'export const a = (b: any) => String(b)\n' },
  'typescript(no-non-null-assertion)': { file: 'shared/sure.ts', text: 'export const a = (b?: string) => b!.length\n' },
  'typescript(consistent-type-imports)': {
    file: 'shared/typed.ts',
    text: "import { A } from './sure.ts'\nexport const a = (b: A) => b\n",
  },
  'import(no-default-export)': { file: 'shared/default.ts', text: 'export default 1\n' },
  'unicorn(filename-case)': { file: 'shared/camelCase.ts', text: 'export const a = 1\n' },
  'import(no-cycle)': { file: 'shared/cycle-a.ts', text: "export { b } from './cycle-b.ts'\nexport const a = 1\n" },
  'eslint(max-lines)': { file: 'shared/long.ts', text: `${'// line\n'.repeat(250)}export const a = 1\n` },
  'eslint(max-lines-per-function)': {
    file: 'shared/long-function.ts',
    text: `export function a(): void {\n${'  String(1)\n'.repeat(60)}}\n`,
  },
  'eslint(complexity)': {
    file: 'shared/complex.ts',
    text: `export function a(b: number): number {\n${'  if (b > 1) b++\n'.repeat(12)}  return b\n}\n`,
  },
  'eslint(max-params)': {
    file: 'shared/params.ts',
    text: 'export const a = (b: 1, c: 1, d: 1, e: 1, f: 1) => b + c + d + e + f\n',
  },
  'eslint(no-restricted-globals)': { file: 'edge/session/timer.ts', text: 'setTimeout(() => undefined, 1)\n' },
}

const root = mkdtempSync(join(tmpdir(), 'parley-layers-'))
let found: { code: string; file: string; line: number }[] = []

beforeAll(() => {
  for (const file of ['.oxlintrc.json', 'package.json', 'tsconfig.json']) copyFileSync(file, join(root, file))
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
  for (const { file, may, mayNot } of LAYERS) plant(file, [...may, ...mayNot].map(importLine).join('\n'))
  for (const { file, text } of Object.values(HABITS)) plant(file, text)
  plant('shared/cycle-b.ts', "export { a } from './cycle-a.ts'\nexport const b = 1\n")
  const oxlint = spawnSync(process.execPath, [resolve('node_modules/oxlint/bin/oxlint'), '--format=json'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  })
  const { diagnostics } = v.parse(Lint, JSON.parse(oxlint.stdout))
  found = diagnostics.map(({ code, filename, labels }) => ({ code, file: filename, line: labels[0]?.span.line ?? 0 }))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

function importLine(specifier: string, at: number): string {
  const [path, type] = specifier.startsWith('type ') ? [specifier.slice(5), 'type '] : [specifier, '']
  return `export ${type}{ a as a${at} } from '${path}'`
}

describe('layers', () => {
  it.each(LAYERS)('[CHK1] $file imports only what its layer may', ({ file, may, mayNot }) => {
    const specifiers = [...may, ...mayNot]
    const caught = found
      .filter((one) => one.file === file && one.code === 'eslint(no-restricted-imports)')
      .map(({ line }) => specifiers[line - 1] ?? `line ${line}`)
    expect([...new Set(caught)].toSorted()).toEqual([...new Set(mayNot)].toSorted())
  })

  it.each(Object.entries(HABITS))('[CHK1] %s is caught', (code, { file }) => {
    expect(found.filter((one) => one.file === file).map((one) => one.code)).toContain(code)
  })
})
