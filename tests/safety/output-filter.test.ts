// What of a reply may be said, however its text is cut on the way: whole texts, cut texts, and every kind that must not come out.
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { DEFAULT_SAFETY_POLICY, SafetyPolicy } from '#shared/model/safety-policy.ts'
import { SENSITIVE_KINDS } from '#shared/safety/decision.ts'
import { OutputFilter, type Filtered } from '#shared/safety/output-filter.ts'
import { InstructionIndex } from '#shared/safety/prompt-leak.ts'
import { MAX_RUN_CHARS } from '#shared/safety/run-stage.ts'
import { readWordList } from '#shared/safety/word-list.ts'
import * as v from 'valibot'
import { HARMLESS_REPLIES, INSTRUCTIONS, PEM_START, PROFANITY, SENSITIVE } from './sensitive.ts'

const MASK = '[hidden]'
const STRICT: SafetyPolicy = {
  ...DEFAULT_SAFETY_POLICY,
  allowUrls: false,
  output: { ...DEFAULT_SAFETY_POLICY.output, privateKey: 'mask', systemPrompt: 'mask' },
}
const instructions = new InstructionIndex(INSTRUCTIONS, (text) => text)
const profanity = readWordList(PROFANITY)

const filterOf = (policy = STRICT): OutputFilter => new OutputFilter({ policy, instructions, profanity, mask: MASK })

function run(bits: readonly string[], policy = STRICT): Filtered {
  const filter = filterOf(policy)
  const all = [...bits.map((bit) => filter.push(bit)), filter.flush()]
  return {
    text: all.map(({ text }) => text).join(''),
    decisions: all.flatMap(({ decisions }) => decisions),
    isEnded: all.some(({ isEnded }) => isEnded),
  }
}

const EXAMPLES = SENSITIVE_KINDS.flatMap((kind) => SENSITIVE[kind].map((text) => [kind, text] as const))

describe('what must not be said', () => {
  test.for(EXAMPLES)('[SAF7] %s: %s is taken out, in English and in Chinese', ([kind, text]) => {
    for (const [before, after] of [
      ['It is ', ', I think.'],
      ['It is "', '".'],
      ['那是：', '，對嗎？'],
      ['', ''],
    ] as const) {
      const { text: said, decisions } = run([before + text + after])
      expect(said).toBe(before + MASK + after)
      expect(decisions).toEqual([{ layer: 'output', family: kind, action: 'mask' }])
    }
  })

  test.for(HARMLESS_REPLIES)('[SAF8] said as it is: %s', (text) => {
    expect(run([text])).toEqual({ text, decisions: [], isEnded: false })
  })

  test('[SAF8] numbers without their checksum are only numbers', () => {
    const text = 'The codes are A123456788, 110105194912310021, 4111111111111112 and 1234567890.'
    expect(run([text]).text).toBe(text)
  })

  test('[SAF8] a few words of the instructions may be said', () => {
    const text = 'I am Mira, a patient guide of the small museum. 我是鐘錶博物館的導覽員。'
    expect(run([text])).toEqual({ text, decisions: [], isEnded: false })
  })

  test('[SAF9] mask, drop, end and off, each kind as the persona says', () => {
    const policyFor = (email: 'mask' | 'drop' | 'end' | 'off'): SafetyPolicy =>
      v.parse(SafetyPolicy, { output: { email } })
    const said = 'Write to me@example.com, or call.'
    expect(run([said], policyFor('mask')).text).toBe('Write to [hidden], or call.')
    expect(run([said], policyFor('drop')).text).toBe('Write to , or call.')
    expect(run([said], policyFor('end'))).toEqual({
      text: 'Write to ',
      decisions: [{ layer: 'output', family: 'email', action: 'end' }],
      isEnded: true,
    })
    expect(run([said], policyFor('off')).text).toBe(said)
    expect(run(['See https://example.com now'], DEFAULT_SAFETY_POLICY).text).toBe('See https://example.com now')
    expect(run(['See http://10.0.0.1/ now'], DEFAULT_SAFETY_POLICY).text).toBe('See [hidden] now')
    const none = Object.fromEntries(SENSITIVE_KINDS.map((kind) => [kind, 'off']))
    const all = EXAMPLES.map(([, text]) => text).join(' and ') + 'x'.repeat(2 * MAX_RUN_CHARS)
    expect(run([all], v.parse(SafetyPolicy, { output: none })).text).toBe(all)
  })

  test('[SAF9] a private key without an end takes the rest of the reply with it', () => {
    expect(run([`Here: ${PEM_START}\nMIIEvQ\nabc`, 'def and more']).text).toBe('Here: [hidden]')
    expect(run(['-----BEGIN CERTIFICATE-----\nabc']).text).toBe('-----BEGIN CERTIFICATE-----\nabc')
    expect(run(['PuTTY-User-Key-File-3: x\nabc\nPrivate-MAC: 0123456789\nand on']).text).toBe('[hidden]and on')
  })

  test('[SAF9] a run too long to be spoken is a key', () => {
    const long = 'x'.repeat(MAX_RUN_CHARS + 100)
    expect(run([`a ${long} b`]).text).toBe('a [hidden] b')
  })
})

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
  ])('[SAF12] 100,000 characters of %j take linear time', (unit) => {
    const filter = filterOf()
    const text = unit.repeat(Math.ceil(100_000 / unit.length))
    const startedAt = performance.now()
    for (let at = 0; at < text.length; at += 7) filter.push(text.slice(at, at + 7))
    filter.flush()
    expect(performance.now() - startedAt).toBeLessThan(6_000)
  })
})

describe('the list of words', () => {
  test('[SAF13] whole Latin words, Chinese ones anywhere, in any case and width', () => {
    expect(run(['Darn! darning ｄａｒｎ 你這混蛋東西 son of a gun.']).text).toBe(
      '[hidden]! darning [hidden] 你這[hidden]東西 [hidden].',
    )
  })

  test('[SAF13] remarks, blank lines and entries that are too long are no words', () => {
    const list = readWordList(`# darn\n\n${'x'.repeat(65)}\n  heck  \n`)
    const filter = new OutputFilter({
      policy: STRICT,
      instructions: undefined,
      profanity: list,
      mask: '*',
    })
    expect(filter.push(`darn, heck # ${'x'.repeat(65)} `).text).toBe(`darn, * # ${'x'.repeat(65)} `)
  })
})
