// Tokens → pieces: where English and Chinese are cut and where not.
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { letterWidth } from '#shared/letter-width.ts'
import { MAX_PIECE_WIDTH, MIN_PIECE_BYTES, SpeakableSplitter } from '#gpu-node/turn/spoken/speakable.ts'

function split(...tokens: string[]): string[] {
  const splitter = new SpeakableSplitter()
  return [...tokens.flatMap((token) => splitter.push(token)), ...splitter.flush()]
}

describe('any text', () => {
  const text = fc
    .array(
      fc.oneof(
        {
          weight: 4,
          arbitrary: fc.constantFrom('Hello', ' I', '你好', '天气', ' 3.14', ' Dr.', ' U.S.', ' etc.', '😀'),
        },
        {
          weight: 4,
          arbitrary: fc.constantFrom('. ', ', ', '? ', '! ', '。', '，', '……', '...', '—', ': ', '\n', ' '),
        },
        { weight: 2, arbitrary: fc.constantFrom('"', '”', '）', '**', '- ', 'a@b.org', 'http://x.org/?a,b', '1. ') },
        { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 12 }) },
        { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
        { weight: 1, arbitrary: fc.constantFrom('word '.repeat(80), '长'.repeat(130), 'x'.repeat(300)) },
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join(''))
  const cuts = fc.array(fc.nat({ max: 400 }), { maxLength: 30 })

  it('[SPK1] the pieces joined are the text, and do not depend on where tokens end', () => {
    fc.assert(
      fc.property(text, cuts, (whole, places) => {
        const ends = [...new Set(places.map((at) => at % (whole.length + 1))), whole.length].toSorted((a, b) => a - b)
        const tokens = ends.map((end, i) => whole.slice(i === 0 ? 0 : ends[i - 1], end))
        const pieces = split(...tokens)
        expect(pieces.join('')).toBe(whole)
        expect(pieces).toEqual(split(whole))
        expect(pieces).toEqual(split(...whole.split('')))
      }),
      { numRuns: 500 },
    )
  })

  it('[SPK3] no piece is longer than MAX_PIECE_WIDTH and the marks that close it', () => {
    fc.assert(
      fc.property(text, (whole) => {
        for (const piece of split(whole)) expect(letterWidth(piece)).toBeLessThanOrEqual(MAX_PIECE_WIDTH + 3 * 16)
      }),
    )
  })
})

describe('the first piece', () => {
  test.each([
    ['Well, I think so. Really.', ['Well, I think so.', ' Really.']],
    ['Of course, I can do that for you.', ['Of course,', ' I can do that for you.']],
    ['Yes I can. You too.', ['Yes I can.', ' You too.']],
    ['你好，我是小明。', ['你好，我是小明。']],
    ['没问题，我来帮你。', ['没问题，', '我来帮你。']],
    ['Let me see: it is nine.', ['Let me see:', ' it is nine.']],
    ['That is nice — and rare.', ['That is nice —', ' and rare.']],
  ])('[SPK2] comes at the first clause, unless that is a fragment: %s', (text, pieces) => {
    expect(split(text)).toEqual(pieces)
  })

  it('[SPK2] is there as soon as the clause is certain, before the sentence ends', () => {
    const splitter = new SpeakableSplitter()
    expect(splitter.push('Of course,')).toEqual([])
    expect(splitter.push(' I')).toEqual(['Of course,'])
  })
})

describe('later pieces', () => {
  test.each([
    ['Yes, it is. One, two, three and four. Five!', ['Yes, it is.', ' One, two, three and four.', ' Five!']],
    ['没问题。今天天气很好，适合出门。再见！', ['没问题。', '今天天气很好，适合出门。', '再见！']],
    ['Yes, I do.\nFirst line\nsecond line', ['Yes, I do.', '\nFirst line\n', 'second line']],
  ])('[SPK3] are sentences and lines: %s', (text, pieces) => {
    expect(split(text)).toEqual(pieces)
  })

  it('[SPK3] a long sentence is cut at a clause, and one without marks at a blank', () => {
    const clause = 'and then there was another thing that had to be said about it'
    expect(split(`Yes, it is. ${clause}, ${clause}, ${clause}.`)).toEqual([
      'Yes, it is.',
      ` ${clause}, ${clause},`,
      ` ${clause}.`,
    ])
    const endless = split('word '.repeat(100))
    expect(endless.length).toBeGreaterThan(1)
    for (const piece of endless.slice(0, -1)) expect(piece).toMatch(/word$/)
  })
})

describe('short pieces', () => {
  test.each([
    ['Yes. I can do that for you.', ['Yes. I can do that for you.']],
    ['好的。今天天气很好，适合出门。', ['好的。今天天气很好，', '适合出门。']],
    ['嗯。好。行。走吧！', ['嗯。好。', '行。走吧！']],
    ['That is all. No. I do not know.', ['That is all.', ' No. I do not know.']],
    ['- a\n- b\n- c and d', ['- a\n- b\n- c and d']],
    ['Yes.', ['Yes.']],
  ])('[SPK6] are joined to what follows, and stand alone only where nothing does: %s', (text, pieces) => {
    expect(split(text)).toEqual(pieces)
  })

  it('[SPK6] of any text, all but the last have enough bytes to be spoken well', () => {
    const parts = fc.array(fc.constantFrom('a', '好', '. ', '。', ', ', '，', ' word', '\n', '😀', '**', '"'), {
      maxLength: 40,
    })
    fc.assert(
      fc.property(parts, (all) => {
        for (const piece of split(all.join('')).slice(0, -1))
          expect(new TextEncoder().encode(piece).length).toBeGreaterThanOrEqual(MIN_PIECE_BYTES)
      }),
    )
  })
})

test.each([
  ['我买了苹果、香蕉、橘子和葡萄。', ['我买了苹果、香蕉、橘子和葡萄。']],
  [
    `我們有${'蘋果汁和橘子汁、'.repeat(5)}還有茶。`,
    [`我們有${'蘋果汁和橘子汁、'.repeat(4)}`, '蘋果汁和橘子汁、還有茶。'],
  ],
  ['我跟 Dr. Smith 说 3.14，他住在 U.S. 很久了。', ['我跟 Dr. Smith 说 3.14，', '他住在 U.S. 很久了。']],
  ['他用 GitHub Copilot 写程序，很快。', ['他用 GitHub Copilot 写程序，', '很快。']],
  ['她问：「你要去哪里？」我说：『回家。』', ['她问：「你要去哪里？」', '我说：『回家。』']],
])('[SPK7] lists, names and numbers within Chinese stay in one piece: %s', (text, pieces) => {
  expect(split(text)).toEqual(pieces)
})

test.each([
  'Pi is 3.14 or so',
  'It costs 1,000,000 dollars in all',
  'We meet at 10:30 in the morning',
  '会议在10：30开始',
  'Ask Dr. Smith and Mrs. Jones about it',
  'Fruit, e.g. apples',
  'Written by J. R. Tolkien long ago',
  'In the U.S. economy it is so',
  'At 5 p.m. we leave for home',
  'Apples, pears etc. are fruit',
  'Look at https://example.org/a.b?c=d,e for more',
  'Write to someone.else@example.org about it',
  'Version 2.0.1 is out now',
])('[SPK4] is not cut inside: %s', (text) => {
  const whole = `So it is so. ${text.replaceAll(', ', ' ')}`
  expect(split(whole)).toEqual(['So it is so.', ` ${text.replaceAll(', ', ' ')}`])
})

test.each([
  ['We left at 5 p.m. Then it rained.', ['We left at 5 p.m.', ' Then it rained.']],
  ['It was in 2024. Then it ended.', ['It was in 2024.', ' Then it ended.']],
  ['And so do I. You too.', ['And so do I.', ' You too.']],
  ['They say no. Not now.', ['They say no.', ' Not now.']],
  ['But really?! I see.', ['But really?!', ' I see.']],
  ['Hm... wait. Yes.', ['Hm... wait.', ' Yes.']],
])('[SPK4] marks that do end a sentence cut it: %s', (text, pieces) => {
  expect(split(text)).toEqual(pieces)
})

test.each([
  ['“没问题。”他说。', ['“没问题。”', '他说。']],
  ['She said "Go." Then she left.', ['She said "Go."', ' Then she left.']],
  ['It works (really!). Good.', ['It works (really!).', ' Good.']],
  ['**Surely not!** I will.', ['**Surely not!**', ' I will.']],
  ['真的吗？！太好了……嗯。', ['真的吗？！', '太好了……嗯。']],
  ['你们好!我在。', ['你们好!', '我在。']],
])(
  '[SPK5] marks in a row, and the quotes and brackets that they close, stay with their sentence: %s',
  (text, pieces) => {
    expect(split(text)).toEqual(pieces)
  },
)
