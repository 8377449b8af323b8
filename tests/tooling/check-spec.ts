// `check` runs this: each rule of tests/spec.md has a test that names it, and each test names a rule that exists.
// Files that git does not track yet count too, so that a new test is held to its rule before its first commit.
import { globSync } from 'node:fs'
import { readTextFiles, report } from './finding.ts'
import { checkSpec } from './spec.ts'

const root = process.argv[2] ?? '.'
const read = (...patterns: string[]) => readTextFiles(root, globSync(patterns, { cwd: root }).toSorted())
const specs = read('tests/spec.md')
// The checks' own tests plant wrong rules on purpose, as text; only their titles are built to be read by this.
// A test in Python has its title as the first words of its docstring.
const tests = read('tests/**/*.test.{ts,tsx}', 'tests/**/*.contract.ts', 'tests/gpu-node/engines/python/test_*.py')
const { findings, rules } = checkSpec(specs, tests)
report(findings, `${rules} rules, each with its test`)
