// `check` runs this: edge/http/docs/examples.json, which /docs shows, holds the clients of tests/examples as they are. `--write`, which
// `npm run fmt` gives it, writes it. The files are the source, because they are linted, formatted and run as a reader runs them; the edge
// reads no file on Workers and imports no test, but both hosts import JSON.
import { readFileSync, writeFileSync } from 'node:fs'
import { report } from './finding.ts'

const FILE = 'edge/http/docs/examples.json'
/** In the order in which they are shown. */
const NAMES = ['minimal.js', 'minimal.py', 'parley-client.js', 'complete.js', 'complete.py', 'browser.html']

const linesOf = (name: string): string[] => readFileSync(`tests/examples/${name}`, 'utf8').trimEnd().split('\n')
const text = JSON.stringify(Object.fromEntries(NAMES.map((name) => [name, linesOf(name)])), null, 2) + '\n'
if (process.argv.includes('--write')) writeFileSync(FILE, text)
const isSame = readFileSync(FILE, 'utf8') === text
report(
  isSame ? [] : [{ file: FILE, what: 'not the clients of tests/examples: npm run fmt' }],
  `${NAMES.length} clients, as in tests/examples`,
)
