// What was heard of a reply: to the word in English, to the character in Chinese, and never a word too much.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { heardText, type SpokenPiece } from '#shared/heard.ts'

const anyText = fc
  .array(fc.constantFrom('It', 'is', 'noon,', 'isn’t', 'it?', '42', '你好', '现在。', '“是”', 'カナ', '😀', '—'), {
    minLength: 1,
    maxLength: 8,
  })
  .chain((words) => fc.constantFrom(' ', '').map((space) => words.join(space) + space))

/** Pieces one behind the other, each of some audio, with pauses between them; their ends told or not. */
const anyPieces = fc
  .array(
    fc.record({ text: anyText, samples: fc.integer({ min: 1, max: 5_000 }), pause: fc.nat(200), told: fc.boolean() }),
    {
      minLength: 1,
      maxLength: 5,
    },
  )
  .map((spoken) => {
    let at = 0
    const pieces: SpokenPiece[] = spoken.map(({ text, samples, pause, told }, i) => {
      const startSample = at
      at += samples + pause
      // Of the last piece nothing else tells the end.
      const isLast = i === spoken.length - 1
      return { text, startSample, ...(told || isLast ? { endSample: startSample + samples } : {}) }
    })
    return { pieces, endSample: at, text: spoken.map(({ text }) => text).join('') }
  })

describe('heardText', () => {
  it('[HRD1][HRD5] is the beginning of what was said, and grows with what was played until it is all of it', () => {
    fc.assert(
      fc.property(anyPieces, fc.nat(30_000), fc.nat(30_000), ({ pieces, endSample, text }, a, b) => {
        const [less, more] = [heardText(pieces, Math.min(a, b)), heardText(pieces, Math.max(a, b))]
        expect(text.startsWith(less)).toBe(true)
        expect(more.startsWith(less)).toBe(true)
        expect(heardText(pieces, 0)).toBe('')
        expect(heardText(pieces, endSample)).toBe(text.trimEnd())
      }),
      { numRuns: 500 },
    )
  })

  it('[HRD2] counts a word once it was played to its end', () => {
    // 20 characters in 2,000 samples: 100 samples a character.
    const pieces = [{ text: 'It is noon in Berlin', startSample: 0, endSample: 2_000 }]
    const heard = (samples: number): string => heardText(pieces, samples)
    expect([199, 200, 499, 500, 999, 1_000, 1_999, 2_000].map(heard)).toEqual([
      '',
      'It',
      'It',
      'It is',
      'It is',
      'It is noon',
      'It is noon in',
      'It is noon in Berlin',
    ])
  })

  it('[HRD2] does not cut a word at its apostrophe, hyphen or number', () => {
    const pieces = [{ text: "don't re-read 3,000.50", startSample: 0, endSample: 2_200 }]
    expect([400, 500, 900, 1_300, 2_100, 2_200].map((samples) => heardText(pieces, samples))).toEqual([
      '',
      "don't",
      "don't",
      "don't re-read",
      "don't re-read",
      "don't re-read 3,000.50",
    ])
  })

  it('[HRD3] counts Chinese by characters, each with the punctuation behind it', () => {
    const pieces = [{ text: '现在是中午。你好!', startSample: 0, endSample: 900 }]
    const heard = (samples: number): string => heardText(pieces, samples)
    expect([99, 100, 250, 500, 599, 600, 800, 900].map(heard)).toEqual([
      '',
      '现',
      '现在',
      '现在是中',
      '现在是中',
      '现在是中午。',
      '现在是中午。你',
      '现在是中午。你好!',
    ])
  })

  it('[HRD3] tells words and characters apart in one sentence', () => {
    const pieces = [{ text: '我用Parley说话', startSample: 0, endSample: 1_000 }]
    expect([200, 700, 800, 900].map((samples) => heardText(pieces, samples))).toEqual([
      '我用',
      '我用',
      '我用Parley',
      '我用Parley说',
    ])
  })

  it('[HRD4] a piece lasts until its end, or until the next begins, and a pause adds nothing', () => {
    const pieces = [
      { text: 'One two. ', startSample: 0, endSample: 900 },
      { text: 'Three four. ', startSample: 1_000 },
      { text: 'Five.', startSample: 2_200 },
    ]
    const heard = (samples: number): string => heardText(pieces, samples)
    expect([900, 950, 1_000, 1_500, 2_199, 2_200].map(heard)).toEqual([
      'One two.',
      'One two.',
      'One two.',
      'One two. Three',
      'One two. Three four.',
      'One two. Three four.',
    ])
  })

  it('[HRD4] of a piece whose audio never came nothing was heard', () => {
    expect(heardText([{ text: 'Hello.', startSample: 0 }], 0)).toBe('')
    const behind = [
      { text: 'One. ', startSample: 0, endSample: 500 },
      { text: 'Two.', startSample: 500 },
    ]
    expect(heardText(behind, 500)).toBe('One.')
    expect(heardText([], 100)).toBe('')
  })
})
