// What TTS is given for any piece: words and marks of punctuation, and nothing for what has no words; code is left out.
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { CodeFence } from '#gpu-node/turn/spoken/code-fence.ts'
import { spokenText } from '#gpu-node/turn/spoken/spoken-text.ts'
import { PERSONA, TurnWorld } from '#tests/gpu-node/turn/turn-world.ts'
import { countSteps } from '#tests/tooling/steps/count-steps.ts'

describe('any piece', () => {
  const notation = fc.constantFrom(
    ...'$ €5 12 3.5 - % 11/26 10:30 2026 年 個 km/h °C 和 ½ ² ① ٣ 👍 ** # ` ~ | <b> &amp; &#55; [a](http://x.org) a@b.org → = + ^ 。'.split(
      ' ',
    ),
    ...' |\n|, | and '.split('|'),
  )
  const piece = fc
    .array(
      fc.oneof(notation, fc.string({ unit: 'grapheme', maxLength: 5 }), fc.string({ unit: 'binary', maxLength: 3 })),
      {
        maxLength: 24,
      },
    )
    .map((parts) => parts.join(''))
  const language = fc.constantFrom('en' as const, 'zh' as const)
  const script = fc.constantFrom('hant' as const, 'hans' as const, null)

  it('[SPO7] has no figure, symbol or mark-up sign left, and words or nothing', () => {
    fc.assert(
      fc.property(piece, language, script, (written, spoken, inScript) => {
        const said = spokenText(written, spoken, inScript)
        expect(said).not.toMatch(/[\p{N}\p{S}\p{C}\p{Extended_Pictographic}*#@&%/\\_^~|<>{}[\]]/u)
        expect(said === '' || /\p{L}/u.test(said)).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  it('[SPO7] keeps every word that is no notation, in order', () => {
    const words = fc.array(fc.constantFrom('hello', 'world', '你好', '天氣', '世界', ', ', '。', ' '), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(words, language, (all, spoken) => {
        const letters = (text: string): string => text.replace(/\P{L}/gu, '')
        expect(letters(spokenText(all.join(''), spoken))).toBe(letters(all.join('')))
      }),
    )
  })

  test.each(['😀', ' \n', '', '---', '|---|---|', '👍🏽!', '***', '->'])('[SPO7] nothing is said of %j', (written) => {
    expect(spokenText(written, 'en')).toBe('')
    expect(spokenText(written, 'zh')).toBe('')
  })

  it.each(['1', '1,', '-', '(', '[', '|', '\n', '*', '1/', '1:', 'a.', '+1 ', '<a', '&', '$1', ' '])(
    '[SPO7] a line of %j takes at worst the square of its length in steps',
    (sign) => {
      const steps = (count: number): number => countSteps(() => void spokenText(sign.repeat(count), 'en'))
      expect(steps(400) / steps(200)).toBeLessThan(4.2)
    },
  )
})

describe('code', () => {
  it('[SPO8] between fences is not said, wherever the pieces are cut', () => {
    const fence = new CodeFence()
    const pieces = ['So:\n```js\n', 'let a = 1\n', '``` That', ' is it. ```x``` Bye.']
    expect(pieces.map((piece) => fence.prose(piece))).toEqual(['So:\n', '', ' That', ' is it.  Bye.'])
  })
})

describe('a reply', () => {
  it('[SPO9] is shown, heard and stored as it was written, and said in words', async () => {
    const written = 'It costs **$5.20** today. ```let a = 1``` Is that fine with you? 👍'
    const world = new TurnWorld({ persona: PERSONA, llm: { replies: [written] } })
    await world.ask()
    await world.silence(9_000)
    expect(
      world
        .of('reply.text')
        .map(({ text }) => text)
        .join(''),
    ).toBe(written)
    expect(world.last('reply.done')).toMatchObject({ status: 'complete', replyText: written, heardText: written })
    expect(world.engines.tts.calls.map(({ options }) => options.text)).toEqual([
      'It costs five dollars and twenty cents today.',
      'Is that fine with you?',
    ])
  })

  it('[SPO9] that is cut short was heard by the share of what is shown', async () => {
    const world = new TurnWorld({
      llm: { replies: ['In the year 2026 we had 1,234,567 visitors on 11/26, all of them nice.'] },
    })
    await world.ask()
    await world.silence(1_500)
    world.runner.receive({ type: 'reply.interrupt' })
    await world.silence(100)
    const { heardText, replyText, status } = world.last('reply.done')
    expect(status).toBe('interrupted')
    expect(heardText).not.toBe('')
    expect(replyText.startsWith(heardText)).toBe(true)
    expect(heardText.length).toBeLessThan(replyText.length)
  })
})
