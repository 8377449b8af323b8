// What of a reply may be said: every kind that must not come out, what is said as it is, and what the persona decides.
import { describe, expect, test } from 'vitest'
import * as v from 'valibot'
import { DEFAULT_SAFETY_POLICY, SafetyPolicy } from '#shared/model/safety-policy.ts'
import { SENSITIVE_KINDS } from '#shared/safety/decision.ts'
import { OutputFilter } from '#shared/safety/output-filter.ts'
import { MAX_RUN_CHARS } from '#shared/safety/run-stage.ts'
import { readWordList } from '#shared/safety/word-list.ts'
import { EXAMPLES, MASK, run, STRICT } from './filtering.ts'
import { HARMLESS_REPLIES, PEM_START } from './sensitive.ts'

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

  test.for([
    ['Card 4111 1111 1111 1111, 12/26, 123.', `Card ${MASK}, 12/26, 123.`],
    ['Card 4111111111111111, 123', `Card ${MASK}, 123`],
    ['She is A123456789, 5 years old.', `She is ${MASK}, 5 years old.`],
    ['Call 0912345678 2 times.', `Call ${MASK} 2 times.`],
    ['Call 0912345678, 0987654321, or 0912-345-678.', `Call ${MASK}, ${MASK}, or ${MASK}.`],
    ['身分證 A123456789，3 月；電話 0912345678，2 支。', `身分證 ${MASK}，3 月；電話 ${MASK}，2 支。`],
    ['Room 12, 0912 345 678, floor 3', `Room 12, ${MASK}, floor 3`],
  ])('[SAF7] a number with others beside it is taken out, and they are not: %s', ([text, expected]) => {
    expect(run([text ?? '']).text).toBe(expected)
    expect(run([...(text ?? '')]).text).toBe(expected)
  })

  test.for([
    'Odd numbers are 1, 3, 5, 7, 9, 11, 13, 15, 17, 19 and 21.',
    'Pi is 3.14159 26535 89793 23846, they say.',
    'In 2024, 1,234,567 people came; in 2025, 2,345,678.',
  ])('[SAF8] a list of numbers is only a list: %s', (text) => {
    expect(run([text]).text).toBe(text)
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
