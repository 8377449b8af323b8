// The rule-based responder as a caller meets it: utterances as people type them and as a demonstration recogniser hears them.
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import type { LlmDelta, PromptMessage } from '#gpu-node/engines/ports.ts'
import { createResponder, respond } from '#gpu-node/engines/embedded/responder/responder.ts'
import { STORIES_EN, STORIES_ZH } from '#gpu-node/engines/embedded/responder/stories.ts'
import { estimateTokens, tokensOf } from '#gpu-node/engines/embedded/responder/tokens.ts'
import { listOf } from '#tests/fakes/openai-server.ts'

// A Monday, five past three in the afternoon.
const MOMENT = { now: Date.UTC(2026, 10, 23, 15, 5), timeZone: 'UTC' }

const user = (content: string): PromptMessage => ({ role: 'user', content })
const assistant = (content: string): PromptMessage => ({ role: 'assistant', content })
const system = (content: string): PromptMessage => ({ role: 'system', content })

const reply = (...messages: PromptMessage[]): string => respond(messages, 'en', MOMENT)

describe('what is said', () => {
  const cases: [string, RegExp][] = [
    ['Hello!', /^Hello\. I am Parley/],
    ['hello how are you', /I am fine/],
    ['Um, well, how are you today?', /I am fine/],
    ["What's your name?", /My name is Parley/],
    ['what is your name', /My name is Parley/],
    ['who am i talking to', /My name is Parley/],
    ['thank you very much', /welcome/],
    ['goodbye', /Goodbye/],
    ['What time is it?', /It is 3:05 PM\./],
    ['what day is it today', /Monday, November 23, 2026/],
    ['what is the weather like in london', /cannot know the weather/],
    ['what can you do', /You can tell me your name/],
    ['can you hear me', /^Yes, I can hear you\. You said: can you hear me\.$/],
    ['count to five', /^one, two, three, four, five\. Done\.$/],
    ['count to a million', /^one, .*, forty\. Done\.$/],
    ['i like my small dog', /^Why do you like your small dog\?$/],
    ['The purple elephants sing.', /^You said: The purple elephants sing\. I am only/],
    ['', /did not hear/],
    ['你好', /^你好，我是Parley/],
    ['你叫什麼名字？', /^我叫Parley/],
    ['今天 天气 怎么样', /不知道天气/],
    ['现在几点了', /^现在是15点5分。$/],
    ['今天星期几？', /2026年11月23日星期一/],
    ['请从一数到三', /^一，二，三。数完了。$/],
    ['谢谢你', /不客气/],
    ['我喜欢我的狗', /^你为什么喜欢你的狗呢？$/],
    ['紫色的大象', /^你说：紫色的大象。/],
  ]
  it.each(cases)('[LLM1] "%s" is understood without punctuation, capitals or clean words', (utterance, expected) => {
    expect(reply(user(utterance))).toMatch(expected)
  })

  const misheard: [string, RegExp][] = [
    ['what is you name', /My name is Parley/],
    ['what is your aim', /My name is Parley/],
    ['tell me the stork', /Once upon a time/],
    ['<sil> hello(2) [NOISE]', /^Hello\./],
    ['what tam is it', /It is 3:05 PM/],
    ['你叫什么名子', /^我叫Parley/],
  ]
  it.each(misheard)('[LLM2] "%s", misheard by a letter or two, is understood', (utterance, expected) => {
    expect(reply(user(utterance))).toMatch(expected)
  })

  const sums: [string, string][] = [
    ['what is two plus three', '2 plus 3 is 5.'],
    ['what is to plus too', '2 plus 2 is 4.'],
    ['How much is 12 times 12?', '12 times 12 is 144.'],
    ['twenty one minus one hundred and five', '21 minus 105 is -84.'],
    ['what is two plus three times four', '2 plus 3 times 4 is 14.'],
    ['ten divided by four', '10 divided by 4 is 2.5.'],
    ['what is 3+4', '3 plus 4 is 7.'],
    ['add two thousand five hundred and six', '2500 plus 6 is 2506.'],
    ['seven divided by zero', 'That cannot be computed.'],
    ['二加三等于几', '2加3等于5。'],
    ['一百零五减两千', '105减2000等于-1895。'],
    ['十二乘以3是多少', '12乘以3等于36。'],
    ['五除以零', '这个算不出来。'],
  ]
  it.each(sums)('[LLM3] "%s" is computed', (utterance, expected) => expect(reply(user(utterance))).toBe(expected))

  it('[LLM4] a story is long enough to interrupt, and the next one is another', () => {
    expect(reply(user('tell me a story'))).toBe(STORIES_EN[0])
    expect(reply(user('tell me a story'), assistant('Once'), user('another story please'))).toBe(STORIES_EN[1])
    expect(reply(user('给我讲个故事'))).toBe(STORIES_ZH[0])
    for (const story of [...STORIES_EN, ...STORIES_ZH]) expect(story.match(/[.。]/g)?.length).toBeGreaterThanOrEqual(5)
  })

  it('[LLM5] the reply is in the language of the utterance', () => {
    expect(respond([user('你好')], 'en', MOMENT)).toMatch(/^你好/)
    expect(respond([user('hello')], 'en', MOMENT)).toMatch(/^Hello/)
    expect(respond([user('hello')], 'zh', MOMENT)).toMatch(/^你好/)
  })
})

describe('what was said before', () => {
  const told: [string, string][] = [
    ['my name is anna', 'Anna'],
    ['Hello, my name is Anna and I am eight.', 'Anna'],
    ['call me mary jane', 'Mary Jane'],
    ['我叫小明，你呢？', '小明'],
    ['我的名字是王小红', '王小红'],
  ]
  it.each(told)('[LLM6] after "%s" the name is known, and used', (utterance, name) => {
    expect(reply(user(utterance))).toContain(name)
    const later = [user(utterance), assistant('Hi.'), user('tell me a joke'), assistant('…')]
    expect(reply(...later, user('what is my name'))).toBe(`Your name is ${name}.`)
    expect(reply(...later, user('我叫什么名字？'))).toBe(`你叫${name}。`)
    expect(reply(...later, user('goodbye'))).toContain(name)
  })

  it('[LLM6] the latest name counts, and none is made up', () => {
    const twice = [user('my name is anna'), assistant('Hi.'), user('no, my name is Bob'), assistant('Hi.')]
    expect(reply(...twice, user('do you remember what my name is'))).toBe('Your name is Bob.')
    expect(reply(user('What is my name?'))).toBe('You have not told me your name yet. What is it?')
  })

  const before = [user('What time is it?'), assistant('It is noon.'), user('Thanks.'), assistant('You are wel')]
  const recalls: [string, string][] = [
    ['what did i say before', 'Before this, you said: Thanks.'],
    ['What was my first question?', 'The first thing you said was: What time is it.'],
    ['what did you just say', 'I said: You are wel'],
    ['say that again', 'I said: You are wel'],
    ['我刚才说了什么', '你刚才说：Thanks。'],
    ['再说一遍', '我刚才说：You are wel'],
  ]
  it.each(recalls)(
    '[LLM7] "%s" is answered from the conversation, replies as far as they were heard',
    (utterance, expected) => {
      expect(reply(...before, user(utterance))).toBe(expected)
    },
  )

  it('[LLM7] at the beginning there is nothing to recall', () => {
    expect(reply(user('what did i say before'))).toBe('You have not said anything before this.')
    expect(reply(user('repeat that'))).toBe('I have not said anything yet.')
  })

  const personas: [string, string][] = [
    ['You are Mira, a friendly guide. Keep it short.', 'Mira'],
    ['You are a helpful voice named Otto.', 'Otto'],
    ['You are an assistant.', 'Parley'],
    ['你是小雨，一个友好的朋友。', '小雨'],
    ['你是一个友好的朋友。', 'Parley'],
  ]
  it.each(personas)('[LLM8] with the instructions "%s" the persona is %s', (instructions, name) => {
    expect(reply(system(instructions), user('who are you'))).toContain(`My name is ${name}.`)
  })
})

describe('the stream', () => {
  const ask = (content: string, maxTokens = 1_000, signal = new AbortController().signal): AsyncIterable<LlmDelta> =>
    createResponder({ now: () => MOMENT.now, timeZone: 'UTC' }).complete({
      messages: [user(content)],
      language: 'en',
      maxTokens,
      signal,
    })

  it('[LLM9] comes word by word or character by character, with the counted usage at its end', async () => {
    const english = await listOf(ask('what is two plus three'))
    expect(english.map((delta) => (delta.type === 'text' ? delta.text : delta))).toEqual([
      '2',
      ' plus',
      ' 3',
      ' is',
      ' 5.',
      { type: 'usage', promptTokens: 9, completionTokens: 5 },
    ])
    const chinese = await listOf(ask('二加三等于几'))
    expect(chinese.map((delta) => (delta.type === 'text' ? delta.text : delta.type))).toEqual([
      '2',
      '加',
      '3',
      '等',
      '于',
      '5。',
      'usage',
    ])
  })

  it('[LLM9] the pieces of any text are that text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ' ', '你', '。', '\n', '5', '👋') }), (text) => {
        expect(tokensOf(text).join('')).toBe(text)
        expect(estimateTokens(text)).toBe(tokensOf(text).length)
      }),
    )
  })

  it('[LLM10] never more tokens than asked for', async () => {
    const deltas = await listOf(ask('tell me a story', 4))
    expect(deltas.slice(0, -1).map((delta) => (delta.type === 'text' ? delta.text : ''))).toEqual([
      'Once',
      ' upon',
      ' a',
      ' time,',
    ])
    expect(deltas.at(-1)).toMatchObject({ completionTokens: 4 })
  })

  it('[LLM11] an abort, also one from the event loop, ends it between two tokens with its reason', async () => {
    const controller = new AbortController()
    const texts: LlmDelta[] = []
    const reading = async (): Promise<void> => {
      for await (const delta of ask('tell me a story', 1_000, controller.signal)) {
        if (texts.push(delta) === 3) setImmediate(() => controller.abort('bargeIn'))
      }
    }
    await expect(reading()).rejects.toBe('bargeIn')
    expect(texts.length).toBeLessThan(10)
    await expect(listOf(ask('hello', 9, controller.signal))).rejects.toBe('bargeIn')
  })

  it('[LLM12] the same prompt has the same reply, and the clock is the injected one', async () => {
    expect(await listOf(ask('what time is it'))).toEqual(await listOf(ask('what time is it')))
    expect(createResponder().engine).toMatchObject({ role: 'llm', name: 'parley-responder', demonstration: true })
    const messages = [user('what time is it')]
    expect(respond(messages, 'en', { now: Date.UTC(2026, 0, 1, 8), timeZone: 'UTC' })).toBe('It is 8:00 AM.')
  })

  it('[LLM13] any utterance gets a reply', () => {
    const letters = fc.string({
      unit: fc.constantFrom('a', 'i ', 'what ', 'my ', 'name ', 'is ', '我', '叫', '二', '加', '!', 'plus ', 'two '),
    })
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), letters),
        fc.constantFrom('en' as const, 'zh' as const),
        (utterance, language) => {
          expect(respond([user(utterance)], language, MOMENT)).not.toBe('')
          // It repeats what it does not understand: that may be such a word.
          const own = respond([user(utterance)], language, MOMENT).replaceAll(utterance.trim(), '')
          expect(own).not.toMatch(/\{\w+\}|undefined|NaN/)
        },
      ),
    )
  })
})
