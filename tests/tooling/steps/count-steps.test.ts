// The counter of steps: it counts as engines match, finds what grows faster than its input, and leaves nothing changed.
import { describe, expect, it } from 'vitest'
import { countSteps } from './count-steps.ts'

const stepsOf = (pattern: RegExp, text: string): number => countSteps(() => void pattern.test(text))

describe('countSteps', () => {
  it('[CHK13] counts in proportion to the text for a linear pattern, by the square and faster for others', () => {
    const ratio = (pattern: RegExp, unit: string, length: number): number =>
      stepsOf(pattern, unit.repeat(2 * length)) / stepsOf(pattern, unit.repeat(length))
    expect(ratio(/ab{0,5}c/, 'ab', 1_000)).toBeCloseTo(2, 1)
    expect(ratio(/a*b/, 'a', 200)).toBeGreaterThan(3.5)
    expect(ratio(/^(?:a+)+$/, 'a', 8) + ratio(/(?:a|a)*b/, 'a', 5)).toBeGreaterThan(2)
    expect(() => stepsOf(/^(?:a+)+$/, `${'a'.repeat(40)}!`)).toThrow('more than')
  })

  it('[CHK13] counts what strings, maps and lists are asked', () => {
    const text = 'x'.repeat(1_000)
    const cut = (): void => {
      for (let rest = text; rest !== ''; rest = rest.slice(1));
    }
    expect(countSteps(cut)).toBeGreaterThan(500_000)
    expect(countSteps(() => void new Map([[1, 1]]).get(1))).toBeLessThan(100)
  })

  it.each([
    [/(\w)\1/g, 'hello, all'],
    [/(?<![a-z])(?:is|it'?s?)\b/gi, "It is, its it's"],
    [/(?<=\p{Script=Han}) |x+?(?=y)/u, '你 好 xxy'],
    [/[^\s"]{2,}?(?:\.|$)/y, 'one.two'],
  ])('[CHK13] matches as the engine does: %s', (pattern, text) => {
    const marked = (): string => text.replace(pattern, '<$&>')
    const plain = marked()
    pattern.lastIndex = 0
    let counted = ''
    expect(countSteps(() => void (counted = marked()))).toBeGreaterThan(text.length / 2)
    expect(counted).toBe(plain)
    expect(RegExp.prototype.exec.name).toBe('exec')
  })
})
