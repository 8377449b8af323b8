// The specification against the tests. Ids are put together here, so that the real check does not read them as titles.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { checkSpec } from './spec.ts'

const rules = (...ids: string[]) => [{ path: 'tests/spec.md', text: ids.map((id) => `- **${id}** A rule.`).join('\n') }]
const titles = (...heads: string[]) => [
  { path: 'tests/a.test.ts', text: heads.map((head) => `it('${head} says so', run)`).join('\n') },
]
const tag = (id: string) => `[${id}]`

const TABLE: [string, string[], string[], string[]][] = [
  ['each rule tested', ['ABC1', 'ABC2'], [tag('ABC1'), tag('ABC2')], []],
  ['two rules in one title', ['ABC1', 'DE2'], [`${tag('ABC1')}${tag('DE2')}`], []],
  ['a rule without a test', ['ABC1', 'ABC2'], [tag('ABC1')], ['tests/spec.md:2 rule ABC2 has no test']],
  [
    'a test of an unknown rule',
    ['ABC1'],
    [tag('ABC1'), tag('ABC9')],
    ['tests/a.test.ts:2 test names ABC9, which is no rule'],
  ],
  ['a number given twice', ['ABC1', 'ABC1'], [tag('ABC1')], ['tests/spec.md:2 rule ABC1 is numbered twice']],
  [
    'an id that only begins the same',
    ['ABC1'],
    [tag('ABC11')],
    ['tests/spec.md:1 rule ABC1 has no test', 'tests/a.test.ts:1 test names ABC11, which is no rule'],
  ],
]

const sectioned = (...lines: string[]) => [{ path: 'tests/spec.md', text: lines.join('\n') }]
const CONTENTS = ['## Contents', '- shared: [First (ABC)](#first-abc) · [Second (DE)](#second-de)']

/** Lines after the table of contents, and what is wrong with them. */
const HEADINGS: [string, string[], string[]][] = [
  ['each prefix under one heading', ['### First (ABC)', '- **ABC1** A.', '### Second (DE)', '- **DE1** A.'], []],
  ['rules out of order', ['### First (ABC)', '- **ABC2** A.', '- **ABC1** A.', '### Second (DE)', '- **DE1** A.'], []],
  [
    'a prefix under two headings',
    ['### First (ABC)', '- **ABC1** A.', '### Second (DE)', '- **ABC2** A.'],
    ['6 rule ABC2 stands under “Second (DE)”, and others of ABC under “First (ABC)”'],
  ],
  [
    'a heading that the table of contents does not name',
    ['### First (ABC)', '- **ABC1** A.', '### Third (XY)', '- **XY1** A.'],
    ['5 heading “Third (XY)” is not in the table of contents'],
  ],
]

describe('spec', () => {
  it.each(HEADINGS)('[CHK15] %s', (_name, lines, expected) => {
    const ids = lines.flatMap((line) => /\*\*(\w+)\*\*/.exec(line)?.[1] ?? [])
    const { findings } = checkSpec(sectioned(...CONTENTS, ...lines), titles(...ids.map(tag)))
    expect(findings.map(({ line, what }) => `${line} ${what}`)).toEqual(expected)
  })

  it.each(TABLE)('[CHK3] %s', (_name, ids, heads, expected) => {
    const { findings } = checkSpec(rules(...ids), titles(...heads))
    expect(findings.map(({ file, line, what }) => `${file}:${line} ${what}`)).toEqual(expected)
  })

  it('[CHK3] the program reads the specification and fails on a rule without a test', () => {
    const root = mkdtempSync(join(tmpdir(), 'parley-spec-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    mkdirSync(join(root, 'tests/call'), { recursive: true })
    const check = () => spawnSync(process.execPath, [resolve('tests/tooling/check-spec.ts'), root]).status
    writeFileSync(join(root, 'tests/spec.md'), '- **ABC1** A rule.\n')
    writeFileSync(join(root, 'tests/call/a.test.ts'), `it('${tag('ABC1')} holds', run)\n`)
    expect(check()).toBe(0)
    writeFileSync(join(root, 'tests/spec.md'), '- **ABC1** A rule.\n- **ABC2** Another.\n')
    expect(check()).toBe(1)
    writeFileSync(join(root, 'tests/call/b.test.tsx'), `test.each(table)("${tag('ABC2')} %s", run)\n`)
    expect(check()).toBe(0)
    writeFileSync(join(root, 'tests/spec.md'), '- **ABC1** A rule.\n- **ABC2** Another.\n- **ABC3** In Python.\n')
    expect(check()).toBe(1)
    mkdirSync(join(root, 'tests/gpu-node/engines/python'), { recursive: true })
    writeFileSync(
      join(root, 'tests/gpu-node/engines/python/test_c.py'),
      `def test_it():\n    """${tag('ABC3')} it holds"""\n`,
    )
    expect(check()).toBe(0)
  })
})
