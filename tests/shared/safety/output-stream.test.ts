// The output filter as a stream: it says the same however a reply is cut, leaks nothing on the way, and holds back little.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { countSteps } from '#tests/tooling/steps/count-steps.ts'
import { MAX_RUN_CHARS } from '#shared/safety/run-stage.ts'
import { EXAMPLES, filterOf, MASK, run } from './filtering.ts'
import { HARMLESS_REPLIES } from './sensitive.ts'

describe('as a stream', () => {
  const texts = fc.array(
    fc.oneof(
      fc.constantFrom(...EXAMPLES.map(([, text]) => text)),
      fc.constantFrom(...HARMLESS_REPLIES),
      fc.constantFrom(
        ' ',
        ', ',
        '。',
        '\n',
        ' at ',
        '0',
        '9',
        '-',
        '@',
        '.',
        '一',
        'a',
        '(',
        ' one',
        ' at',
        ' dot ',
        'com',
        ' jane',
        ' nine ',
        'oh ',
        'zero',
        's',
        '  ',
        'Never speak about ',
        '不要提到',
      ),
      fc.string({ maxLength: 12 }),
      fc.string({ unit: 'binary', maxLength: 6 }),
    ),
    { maxLength: 12 },
  )

  function cut(text: string, places: readonly number[]): string[] {
    const ends = [...places.map((place) => place % (text.length + 1)), text.length].toSorted(
      (one, other) => one - other,
    )
    return ends.map((end, at) => text.slice(ends[at - 1] ?? 0, end))
  }

  test('[SAF10] what is said does not depend on where the text was cut', () => {
    fc.assert(
      fc.property(texts, fc.array(fc.nat(), { maxLength: 20 }), (parts, places) => {
        const text = parts.join('')
        expect(run(cut(text, places))).toEqual(run([text]))
      }),
      { numRuns: 1_000 },
    )
  })

  test('[SAF10] nor where it comes letter by letter', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const text = parts.join('')
        expect(run(text.split(''))).toEqual(run([text]))
      }),
      { numRuns: 300 },
    )
  })

  test('[SAF11] nothing that is masked comes out in any cut, nor any beginning of it before it is known', () => {
    const sentence = fc.record({
      before: fc.constantFrom('Sure, it is ', '當然，', 'Well: ', 'One more thing, '),
      example: fc.constantFrom(...EXAMPLES),
      after: fc.constantFrom(', okay?', '。好嗎？', '!', ''),
    })
    fc.assert(
      fc.property(sentence, fc.array(fc.nat(), { maxLength: 12 }), ({ before, example: [, secret], after }, places) => {
        const filter = filterOf()
        let said = ''
        for (const bit of cut(before + secret + after, places)) {
          said += filter.push(bit).text
          expect(`${before}${MASK}${after}`.startsWith(said)).toBe(true)
        }
        expect(said + filter.flush().text).toBe(before + MASK + after)
      }),
      { numRuns: 1_000 },
    )
  })

  test('[SAF12] only what may still become a match is held back', () => {
    const filter = filterOf()
    expect(filter.push('Good morning, ').text).toBe('Good morning, ')
    // These two words stand in the instructions, in this order.
    expect(filter.push('small museum ').text).toBe('')
    expect(filter.push('opens').text).toBe('')
    expect(filter.push('。').text).toBe('small museum opens。')
    expect(filter.push('今天下午').text).toBe('今天下午')
  })

  test('[SAF12] what is held back is bounded', () => {
    fc.assert(
      fc.property(texts, (parts) => {
        const filter = filterOf()
        let isOut = 0
        const text = parts.join('')
        const { decisions } = run([text])
        fc.pre(decisions.length === 0)
        for (const [at, letter] of text.split('').entries()) {
          isOut += filter.push(letter).text.length
          expect(at + 1 - isOut).toBeLessThan(2 * MAX_RUN_CHARS)
        }
      }),
    )
  })

  test.for([
    '1 ',
    '1',
    'a@',
    '@',
    'a.',
    '(0',
    '一',
    '0 9',
    '-----BEGIN ',
    '192.168.',
    'aA1',
    'Never speak ',
    '不要',
    'http://',
    '::',
    '+',
    'd',
    'son of a ',
    'one ',
    'zero, ',
    'a at b dot ',
    'a dot ',
  ])('[SAF12] twice the characters of %j take twice the steps', (unit) => {
    const steps = (length: number): number =>
      countSteps(() => {
        const filter = filterOf()
        const text = unit.repeat(Math.ceil(length / unit.length))
        for (let at = 0; at < text.length; at += 21) filter.push(text.slice(at, at + 21))
        filter.flush()
      })
    // What is held back, MAX_RUN_CHARS at most, is looked at again with each bit: only beyond that length the steps are even.
    expect(steps(2 * MAX_RUN_CHARS) / steps(MAX_RUN_CHARS)).toBeLessThan(2.6)
  })
})
