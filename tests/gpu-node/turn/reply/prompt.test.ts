// The prompt: the persona, what was heard, the bound, the utterance.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TurnId } from '#shared/ids.ts'
import type { HeardTurn } from '#gpu-node/turn/reply/prompt.ts'
import { buildPrompt, promptTokens } from '#gpu-node/turn/reply/prompt.ts'
import { MAX_INSTRUCTIONS_TOKENS } from '#shared/model/persona.ts'
import { estimateTokens } from '#shared/prompt-tokens.ts'
import { PERSONA } from '#tests/gpu-node/turn/turn-world.ts'

const past = (utteranceText: string, heardText: string, isCutShort = false): HeardTurn => ({
  id: `trn_${utteranceText.length}_${heardText.length}` as TurnId,
  utteranceText,
  heardText,
  isCutShort,
})
const prompt = (history: HeardTurn[], utterance = 'and now?', maxTokens?: number) =>
  buildPrompt({ persona: PERSONA, language: 'en', history, utterance, maxTokens })

describe('the prompt', () => {
  it('[PRM1] begins with the persona, the language, and that replies are spoken', () => {
    const [system] = buildPrompt({ persona: PERSONA, language: 'zh', history: [], utterance: '你好' })
    expect(system?.role).toBe('system')
    for (const part of [PERSONA.name, PERSONA.instructions, '中文', 'spoken aloud', 'without markup'])
      expect(system?.content).toContain(part)
  })

  it('[PRM2] tells what was said and what of the replies was heard; what was cut short ends in dots', () => {
    expect(prompt([past('one', 'First.'), past('two', 'Second and', true)]).slice(1)).toEqual([
      { role: 'user', content: 'one' },
      { role: 'assistant', content: 'First.' },
      { role: 'user', content: 'two' },
      { role: 'assistant', content: 'Second and…' },
      { role: 'user', content: 'and now?' },
    ])
  })

  it('[PRM3] keeps within its tokens by leaving out the oldest turns; the utterance always stays', () => {
    const history = fc.array(fc.tuple(fc.string({ maxLength: 400 }), fc.string({ maxLength: 400 })), { maxLength: 30 })
    fc.assert(
      fc.property(
        history,
        fc.integer({ min: 200, max: 1_000 }),
        fc.string({ minLength: 1 }),
        (pairs, max, utterance) => {
          const turns = pairs.map(([said, heard]) => past(said, heard))
          const messages = prompt(turns, utterance, max)
          const alone = promptTokens(prompt([], utterance))
          expect(promptTokens(messages)).toBeLessThanOrEqual(Math.max(max, alone))
          expect(messages.at(-1)?.content.endsWith(utterance)).toBe(true)
        },
      ),
    )
    const messages = prompt([past('old '.repeat(300), 'x'), past('new', 'y')], 'now', 200)
    expect(messages.slice(1).map(({ content }) => content)).toEqual(['new', 'y', 'now'])
  })

  it('[PRM3] leaves no hole: a turn that does not fit ends the history', () => {
    const messages = prompt([past('small', 'a'), past('big '.repeat(300), 'b'), past('new', 'c')], 'now', 220)
    expect(messages.slice(1).map(({ content }) => content)).toEqual(['new', 'c', 'now'])
  })

  it('[PRM6] has room for what was just said beside the longest instructions that can be saved', () => {
    const persona = { ...PERSONA, instructions: '话'.repeat(MAX_INSTRUCTIONS_TOKENS) }
    const history = Array.from({ length: 10 }, (_, at) => past(`${at}${'问'.repeat(30)}`, '答'.repeat(60)))
    const messages = buildPrompt({ persona, language: 'zh', history, utterance: '然后呢？' })
    // The last six turns, each a question and an answer, between the persona and the new question.
    expect(messages.length).toBeGreaterThanOrEqual(1 + 12 + 1)
  })

  it('[PRM4] joins utterances that got no heard reply, so that roles alternate', () => {
    expect(prompt([past('wait', ''), past('no', '')]).slice(1)).toEqual([
      { role: 'user', content: 'wait\nno\nand now?' },
    ])
  })

  it('[PRM5] counts a Chinese character as a token and four other letters as one', () => {
    expect(estimateTokens('今天天气')).toBe(4)
    expect(estimateTokens('abcdefgh')).toBe(2)
    expect(estimateTokens('今天ok')).toBe(3)
    expect(estimateTokens('')).toBe(0)
  })
})
