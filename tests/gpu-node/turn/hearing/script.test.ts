// The persona's script: what the recogniser is told and writes, what the caller reads, what is stored, and what TTS gets.
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { hasTraditional, inScript, primingFor } from '#gpu-node/turn/hearing/script.ts'
import { PERSONA, TurnWorld } from '#tests/gpu-node/turn/turn-world.ts'

const HANT = { ...PERSONA, language: 'zh', script: 'hant' } as const
const HANS = { ...PERSONA, language: 'zh', script: 'hans' } as const

describe('a text in a script', () => {
  test.each([
    ['我们后天去吃面，里面的皇后只有一只猫。', '我們後天去吃麵，裡面的皇后只有一隻貓。'],
    ['软件质量很干净，他着急地说。', '軟件質量很乾淨，他著急地說。'],
    ['头发', '頭髮'],
    ['Hello, 你好 GitHub！', 'Hello, 你好 GitHub！'],
  ])('[LNG1] Simplified becomes Traditional by the word, and no word another: %s', (simplified, traditional) => {
    expect(inScript('hant')(simplified)).toBe(traditional)
    expect(inScript('hans')(traditional)).toBe(simplified)
  })

  test.each(['范先生要來台北干預這件事。', '這是里長的手錶，什麼時候出發？', '余先生與丑時的鬧鐘', '皇后的頭髮'])(
    '[LNG1] what is Traditional already stays: %s',
    (text) => expect(inScript('hant')(text)).toBe(text),
  )

  it('[LNG1] text without Chinese stays as it is, and all text where no script is asked for', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', ' ', ',', '.', '0', 'é', '😀', '\n') }),
        fc.string({ unit: 'binary' }),
        (latin, any) => {
          expect(inScript('hant')(latin)).toBe(latin)
          expect(inScript('hans')(latin)).toBe(latin)
          expect(inScript(null)(any)).toBe(any)
        },
      ),
    )
  })

  it('[LNG1] converted once is converted for good', () => {
    const text = fc
      .array(fc.constantFrom(...'我们說话头髮后里着著面麵，。a'.split('')), { maxLength: 20 })
      .map((all) => all.join(''))
    fc.assert(
      fc.property(text, (mixed) => {
        const hans = inScript('hans')(mixed)
        expect(hasTraditional(hans)).toBe(false)
        expect(inScript('hans')(hans)).toBe(hans)
      }),
    )
  })
})

describe('a session of a persona with a script', () => {
  it('[LNG2] primes the recogniser in that script, for Chinese only', async () => {
    const world = new TurnWorld({ persona: HANT, language: 'zh', stt: { utterances: ['你好'] } })
    await world.ask()
    expect(world.engines.stt.calls[0]?.options.prompt).toBe('以下是繁體中文的句子。')
    expect(primingFor('zh', 'hans')).toBe('以下是简体中文的句子。')
    expect(primingFor('en', 'hant')).toBeUndefined()
    expect(primingFor('zh', null)).toBeUndefined()
  })

  it('[LNG3] transcripts, partial and final, reach caller, prompt and store in the script', async () => {
    const world = new TurnWorld({
      persona: HANT,
      language: 'zh',
      stt: { utterances: ['我们去吃面'] },
      llm: { replies: ['好的，我们走吧。'] },
    })
    await world.ask()
    await world.silence(5_000)
    expect(world.of('transcript.partial').map(({ text }) => text)).toContain('我們去吃麵')
    expect(world.last('transcript.final').text).toBe('我們去吃麵')
    expect(world.engines.llm.calls[0]?.options.messages.at(-1)?.content).toBe('我們去吃麵')
    expect(world.records[0]).toMatchObject({
      utteranceText: '我們去吃麵',
      replyText: '好的，我們走吧。',
      status: 'complete',
    })
  })

  it('[LNG4] replies are shown, stored and heard in the script, also where they are cut short', async () => {
    const sentence = '我们后天去台湾看头发，还有很多很多别的事情要说。'
    const world = new TurnWorld({
      persona: HANT,
      language: 'zh',
      stt: { utterances: ['说'] },
      llm: { replies: [sentence.repeat(9)] },
    })
    await world.ask()
    await world.silence(400)
    world.runner.receive({ type: 'reply.interrupt' })
    await world.silence(100)
    const { replyText, heardText } = world.last('reply.done')
    expect(world.of('reply.text')[0]?.text).toBe('我們後天去臺灣看頭髮，')
    expect(replyText.startsWith('我們後天去臺灣看頭髮，還有很多很多別的事情要說。')).toBe(true)
    expect(replyText).not.toMatch(/[们湾头发还别说]/)
    expect(replyText.startsWith(heardText)).toBe(true)
    expect(world.records[0]?.replyText).toBe(replyText)
  })

  it('[LNG5] an engine that reads one script only is given that one; what is shown stays', async () => {
    const world = new TurnWorld({
      persona: HANT,
      language: 'zh',
      stt: { utterances: ['說'] },
      llm: { replies: ['我們後天見。'] },
      tts: { script: 'hans' },
    })
    await world.ask()
    await world.silence(3_000)
    expect(world.engines.tts.calls.map(({ options }) => options.text)).toEqual(['我们后天见。'])
    expect(world.last('reply.done').heardText).toBe('我們後天見。')
  })

  it('[LNG6] without a script all stays as it comes, and a Simplified persona gets Simplified', async () => {
    for (const [persona, text] of [
      [{ ...HANT, script: null }, '我們走吧，快走吧。'],
      [HANS, '我们走吧，快走吧。'],
    ] as const) {
      const world = new TurnWorld({
        persona,
        language: 'zh',
        stt: { utterances: ['走'] },
        llm: { replies: ['我們走吧，快走吧。'] },
      })
      await world.ask()
      await world.silence(5_000)
      expect(world.records[0]?.replyText).toBe(text)
    }
  })

  it('[LNG7] the model is told the script to write in', async () => {
    const world = new TurnWorld({ persona: HANT, language: 'zh', stt: { utterances: ['說'] } })
    await world.ask()
    expect(world.engines.llm.calls[0]?.options.messages[0]?.content).toContain('Traditional characters (繁體中文)')
  })
})
