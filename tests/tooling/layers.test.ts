// Plants every import that the table of layers knows into a file of every layer, and expects the linter's configuration to
// catch what the table refuses, and nothing else.
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LAYERS, type Layer } from './layer-table.ts'
import { isRefused, sampleOf, withLayers } from './layers.ts'

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
  'eslint(max-lines)': { file: 'shared/long.ts', text: `${'// line\n'.repeat(400)}export const a = 1\n` },
  'eslint(complexity)': {
    file: 'shared/complex.ts',
    text: `export function a(b: number): number {\n${'  if (b > 1) b++\n'.repeat(20)}  return b\n}\n`,
  },
  'eslint(max-params)': {
    file: 'shared/params.ts',
    text: 'export const a = (b: 1, c: 1, d: 1, e: 1, f: 1) => b + c + d + e + f\n',
  },
  'eslint(no-restricted-globals)': { file: 'edge/session/timer.ts', text: 'setTimeout(() => undefined, 1)\n' },
}

/** A long switch is no complexity, nor is a long table. */
const LONG_SWITCH = `export function a(b: number): number {
  switch (b) {\n${Array.from({ length: 100 }, (_, at) => `    case ${at}:\n      return ${at + 1}`).join('\n')}
    default:
      return 0
  }
}
`

const PURE_FOLDERS =
  /^(?:shared\/(?!on-node)|edge\/(?:app|x|store|limits|rollout|alerts|fleet|session|clients|http|tasks)\b|gpu-node\/turn)/
const PACKAGES = [
  'node:fs',
  'cloudflare:workers',
  'ws',
  'pino',
  'citty',
  'preact',
  'preact/hooks',
  'itty-durable',
  'hono/cors',
]
/** One import of every kind, once of values and once of types: climbing, platforms, packages, and all that the table names. */
const SPECIMENS = [
  ...new Set([
    '../x.ts',
    '../../x.ts',
    './y.ts',
    ...PACKAGES,
    ...LAYERS.flatMap(({ only = [], not = [], but = [], types = [] }) => [...only, ...not, ...but, ...types]).map(
      sampleOf,
    ),
    ...LAYERS.map((layer) => `#${fileOf(layer)}`).filter((path) => /^#(?:shared|edge|gpu-node|tests)\//.test(path)),
  ]),
].flatMap((path) => [path, `type ${path}`])

/** Whatever the table says of the rest, these imports are refused. */
const NEVER: Array<{ of: string; in: RegExp; path: string }> = [
  { of: 'the edge to the node', in: /^edge\//, path: '#gpu-node/main.ts' },
  { of: 'the node to the edge', in: /^gpu-node\//, path: '#edge/ports.ts' },
  { of: 'shared to the edge', in: /^shared\//, path: '#edge/ports.ts' },
  { of: 'shared to the node', in: /^shared\//, path: '#gpu-node/main.ts' },
  { of: 'the product to tests', in: /^(?:edge|gpu-node|shared)\//, path: '#tests/fakes/x.ts' },
  { of: 'pure code to Node', in: PURE_FOLDERS, path: 'node:fs' },
  { of: 'pure code to Workers', in: PURE_FOLDERS, path: 'cloudflare:workers' },
  { of: 'pure code to what is for Node', in: PURE_FOLDERS, path: '#shared/on-node/x.ts' },
  { of: 'pure code to a runtime', in: PURE_FOLDERS, path: '#edge/runtime/node/x.ts' },
  { of: 'session to fleet', in: /^edge\/session/, path: '#edge/fleet/x.ts' },
  { of: 'fleet to session', in: /^edge\/fleet/, path: '#edge/session/x.ts' },
  { of: 'a store to a route', in: /^edge\/store/, path: '#edge/http/x.ts' },
  { of: 'a turn to an engine', in: /^gpu-node\/turn/, path: '#gpu-node/engines/embedded/x.ts' },
]

const root = mkdtempSync(join(tmpdir(), 'parley-layers-'))
let found: { code: string; file: string; line: number }[] = []

beforeAll(() => {
  for (const file of ['.oxlintrc.json', 'package.json', 'tsconfig.json']) copyFileSync(file, join(root, file))
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
  for (const layer of LAYERS) plant(fileOf(layer), SPECIMENS.map(importLine).join('\n'))
  plant('shared/long-switch.ts', LONG_SWITCH)
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

/** A file of the layer: any name in it will do. */
function fileOf({ files }: Layer): string {
  return sampleOf(files[0] ?? '')
}

function plant(file: string, text: string): void {
  mkdirSync(dirname(join(root, file)), { recursive: true })
  writeFileSync(join(root, file), text)
}

function importLine(specifier: string, at: number): string {
  const [path, type] = specifier.startsWith('type ') ? [specifier.slice(5), 'type '] : [specifier, '']
  return `export ${type}{ a as a${at} } from '${path}'`
}

describe('layers', () => {
  it.each(LAYERS.map((layer) => ({ file: fileOf(layer), layer })))(
    '[CHK1] $file imports only what its layer may',
    ({ file, layer }) => {
      const caught = found
        .filter((one) => one.file === file && one.code === 'eslint(no-restricted-imports)')
        .map(({ line }) => SPECIMENS[line - 1] ?? `line ${line}`)
      const refused = SPECIMENS.filter((specimen) =>
        isRefused(layer, specimen.replace('type ', ''), specimen.startsWith('type ')),
      )
      expect(new Set(caught)).toEqual(new Set(refused))
    },
  )

  it.each(NEVER)('[CHK1] never: $of', ({ in: folder, path }) => {
    const layers = LAYERS.filter((layer) => folder.test(fileOf(layer)))
    expect(layers.filter((layer) => !isRefused(layer, path, false)).map(fileOf)).toEqual([])
    expect(layers.length).toBeGreaterThan(0)
  })

  it('[CHK1] every folder of shared and edge, and every part of a call at the node, has an entry', () => {
    const folders = ['edge', 'gpu-node'].flatMap((half) =>
      readdirSync(half, { withFileTypes: true })
        .filter((entry) => entry.isDirectory())
        .map(({ name }) => `${half}/${name}/`),
    )
    const without = folders.filter(
      (folder) => !LAYERS.some(({ files }) => files.some((glob) => glob.startsWith(folder))),
    )
    // These have no layer of their own: what holds for the whole node holds for them.
    expect(without).toEqual(['gpu-node/check/', 'gpu-node/setup/'])
  })

  it('[CHK11] .oxlintrc.json has the overrides that the table makes, and is not touched before them', () => {
    const text = readFileSync('.oxlintrc.json', 'utf8')
    expect(withLayers(text, LAYERS)).toBe(text)
    const other = withLayers(text, LAYERS.slice(0, 1))
    expect(other).not.toBe(text)
    expect(JSON.parse(other).rules).toEqual(JSON.parse(text).rules)
    expect(JSON.parse(other).overrides).toHaveLength(1)
  })

  it.each(Object.entries(HABITS))('[CHK1] %s is caught', (code, { file }) => {
    expect(found.filter((one) => one.file === file).map((one) => one.code)).toContain(code)
  })

  it('[CHK1] a long switch is not complex', () => {
    expect(found.filter((one) => one.file === 'shared/long-switch.ts')).toEqual([])
  })
})
