// The changes that mutants.ts makes to sources: which there are, and that texts and types are left alone.
import { describe, expect, it } from 'vitest'
import { applyMutant, describeMutant, mutantsOf } from './mutate.ts'

const changes = (source: string): string[] => mutantsOf(source).map((mutant) => applyMutant(source, mutant))

describe('mutants', () => {
  it.each([
    ['a < b', ['a <= b']],
    ['a === b && c', ['a !== b && c', 'a === b || c']],
    ['a + b * 2', ['a - b * 2', 'a + b / 2']],
    ['i++', ['i--']],
    ['!a', ['a']],
    ['a ? 1 : 2', ['false ? 1 : 2', 'true ? 1 : 2']],
  ])('[CHK20] changes the expression %s', (expression, expected) => {
    expect(changes(`const x = ${expression}\n`)).toEqual(expected.map((one) => `const x = ${one}\n`))
  })

  it('[CHK20] removes calls and assignments, and neither declarations nor what is only told', () => {
    const source = 'let a = 1\nrun(a)\na = 2\na += 3\nlog.info("run")\n'
    expect(changes(source)).toEqual([
      source.replace('run(a)', ';'),
      source.replace('a = 2', ';'),
      source.replace('a += 3', ';'),
      source.replace('+=', '-='),
    ])
  })

  it('[CHK20] leaves texts and types as they are', () => {
    expect(changes('const x: A extends B ? 1 : 2 = "a" + b + `c`\n')).toEqual([])
  })

  it('[CHK20] says what a change reads, and on which line', () => {
    const source = 'const a = 1\nif (a > 0) run()\n'
    const [first] = mutantsOf(source)
    expect(first && { ...describeMutant(source, first), line: first.line }).toEqual({
      before: 'if (a > 0) run()',
      after: 'if (false) run()',
      line: 2,
    })
  })
})
