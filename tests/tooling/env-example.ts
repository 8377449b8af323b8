// Holds .env.example against the variables that the sources read. Pure; check-tree.ts gives it the files.
import type { Finding, TextFile } from './finding.ts'

const SOURCE = /^(?:shared|edge|gpu-node|tests)\/.*\.(?:ts|tsx|mjs)$/
const CONFIG = /(?:^|[/-])config\.ts$/
/** `process.env.NAME`, `env['NAME']` and their like, anywhere. */
const READ = /\benv(?:\.|\?\.|\[['"])([A-Z][A-Z0-9_]{2,})\b/g
/** In a file that owns configuration, the keys of its schema are names of variables. */
const KEY = /^\s*([A-Z][A-Z0-9_]{2,}):/gm
const LISTED = /^#? ?([A-Z][A-Z0-9_]{2,})=/gm
/** The machine's own, which nobody sets for Parley. */
const NOT_OURS = new Set(['PATH', 'HOME', 'NODE_ENV', 'NODE_V8_COVERAGE', 'CI', 'NO_COLOR', 'PLAYWRIGHT_BROWSERS_PATH'])

export function checkEnvExample(files: TextFile[]): Finding[] {
  const example = files.find(({ path }) => path === '.env.example')
  if (!example) return [{ file: '.env.example', what: 'is missing' }]
  const sources = files.filter(({ path }) => SOURCE.test(path) && !path.startsWith('tests/tooling/'))
  const listed = new Set(namesIn(example.text, LISTED))
  const unlisted = sources.flatMap(({ path, text }) =>
    [...new Set([...namesIn(text, READ), ...(CONFIG.test(path) ? namesIn(text, KEY) : [])])]
      .filter((name) => !listed.has(name) && !NOT_OURS.has(name) && !path.startsWith('tests/'))
      .map((name) => ({ file: path, what: `reads ${name}, which .env.example does not list` })),
  )
  const machine = files.filter(({ path }) => path === 'tests/tooling/machine.ts')
  const unread = [...listed]
    .filter((name) => ![...sources, ...machine].some(({ text }) => new RegExp(`\\b${name}\\b`).test(text)))
    .map((name) => ({ file: '.env.example', what: `lists ${name}, which nothing reads` }))
  return [...unlisted, ...unread]
}

function namesIn(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].flatMap(([, name]) => (name ? [name] : []))
}
