// Whether words fit into a time, by sentences and by the bounds themselves.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { couldBeSaid } from '#gpu-node/voices/could-be-said.ts'

describe('words of a recording', () => {
  it.each<[string, number, boolean]>([
    ['What is your name? Tell me a story about the sea.', 2_750, true],
    ['你叫什么名字？给我讲一个关于大海的故事吧。', 4_000, true],
    ['Hello 你好, this is mixed.', 2_500, true],
    ['Hi.', 8_000, false],
    ['好', 8_000, false],
    ['What is your name? Tell me a story about the sea. '.repeat(4), 2_750, false],
    ['给我讲一个关于大海的故事吧。'.repeat(6), 4_000, false],
    ['… !', 3_000, false],
    ['', 3_000, false],
  ])('[VPR17] %s in %i ms: %s', (words, ms, isPossible) => {
    expect(couldBeSaid(words, ms)).toBe(isPossible)
  })

  it('[VPR17] what fits into a time does not stop to fit because of punctuation, and nothing fits into none', () => {
    const words = fc.array(fc.constantFrom('a', 'sea', '海', '你好', '9'), { minLength: 1, maxLength: 60 })
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 60_000 }), (some, ms) => {
        expect(couldBeSaid(some.join(', '), ms)).toBe(couldBeSaid(some.join('  '), ms))
        expect(couldBeSaid(some.join(' '), 0)).toBe(false)
      }),
    )
  })
})
