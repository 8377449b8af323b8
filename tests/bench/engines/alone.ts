// Each engine alone, one request after the other: the rows of the table that need no call. Used by engines.ts.
import { engineId, type EngineInfo } from '#shared/model/engine.ts'
import type { Language } from '#shared/model/language.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'
import { monotonicMs } from '#tests/bench/monotonic.ts'
import type { ConfiguredEngines } from './configured.ts'
import { errorRate, type Heard } from './error-rate.ts'
import { recognise, reply, speak } from './measure.ts'
import { clip, type Recording } from './recordings.ts'
import { rowOf, type Row } from './rows.ts'
import { EARLIER, MIN_JUDGED_RECORDINGS, TARGETS } from './targets.ts'

export interface AloneLoad {
  /** Lengths of utterances, in seconds. */
  seconds: number[]
  /** Of each length: said at the pace of life, so they take their time. */
  utterances: number
  /** Of replies and sentences. */
  repetitions: number
}

/** About fifty characters each, the length for which the aim of a call is stated. */
export const SENTENCE: Record<Language, string> = {
  en: 'The weather is lovely, so let us go for a walk now.',
  zh: '今天天气很好，我们一起出去走走吧，顺便在街角的那家店里买两杯热咖啡，然后再慢慢地走回家来休息。',
}
const QUESTIONS: Record<Language, readonly string[]> = {
  en: ['What is your name?', 'How are you today?', 'What can you do?', 'What is two plus three?', 'Tell me a story.'],
  zh: ['你叫什么名字？', '你今天好吗？', '你会做什么？', '二加三等于几？', '给我讲个故事。'],
}

export const engineName = (info: EngineInfo): string =>
  `${engineId(info)}${info.demonstration ? ' (demonstration)' : ''}`

export async function measureAlone(
  configured: ConfiguredEngines,
  recordings: readonly Recording[],
  { seconds, utterances, repetitions }: AloneLoad,
  tell: (line: string) => void,
): Promise<Row[]> {
  const rows: Row[] = []
  for (const length of seconds) {
    tell(`transcription of ${length} s …`)
    rows.push(await sttRow(configured, recordings, length, utterances))
  }
  tell(`errors over ${recordings.length} recordings …`)
  rows.push(...(await errorRows(configured, recordings)))
  tell('replies …')
  rows.push(...(await llmRows(configured, repetitions)))
  tell('speech …')
  const voices = [...(await voiceRows(configured, 'fast', repetitions)), ...(await hqRows(configured, repetitions))]
  return [...rows, ...voices, vramRow(configured)]
}

async function sttRow(
  { engines: { stt }, onFallback, insist }: ConfiguredEngines,
  recordings: readonly Recording[],
  seconds: number,
  repetitions: number,
): Promise<Row> {
  const took: number[] = []
  for (let i = 0; i < repetitions; i++) {
    const first = recordings[i % recordings.length]
    const speech = { pcm: clip(recordings, seconds, i), language: first?.language ?? 'en', isPaced: true }
    took.push((await recognise(stt, speech, onFallback)).ms)
    insist()
  }
  const facts = { engine: engineName(stt.engine), target: TARGETS.transcription, earlier: EARLIER.transcription }
  return rowOf(took, { measured: `transcription of ${seconds} s`, ...facts })
}

async function errorRows(
  { engines: { stt }, onFallback, insist }: ConfiguredEngines,
  recordings: readonly Recording[],
): Promise<Row[]> {
  const heard: Record<Language, Heard[]> = { en: [], zh: [] }
  for (const { text: said, language, pcm } of recordings) {
    const { text } = await recognise(stt, { pcm, language, isPaced: false }, onFallback)
    insist()
    heard[language].push({ said, heard: text })
  }
  return (['zh', 'en'] as const).flatMap((language): Row[] => {
    const all = heard[language]
    if (all.length === 0) return []
    const { edits, units } = errorRate(all, language)
    const isZh = language === 'zh'
    const percent = (edits / Math.max(1, units)) * 100
    return [
      {
        ...rowOf([percent], {
          measured: isZh ? 'character errors, zh' : 'word errors, en',
          engine: engineName(stt.engine),
        }),
        n: all.length,
        unit: '%',
        digits: 1,
        ...(isZh && { target: TARGETS.characterErrors }),
        ...(isZh && all.length < MIN_JUDGED_RECORDINGS && { remark: `needs ${MIN_JUDGED_RECORDINGS}` }),
      },
    ]
  })
}

async function llmRows(
  { engines: { llm, tts }, onFallback, insist }: ConfiguredEngines,
  repetitions: number,
): Promise<Row[]> {
  const language: Language = tts.speaks('zh') ? 'zh' : 'en'
  const firsts: number[] = []
  const rates: number[] = []
  for (let i = 0; i < repetitions; i++) {
    const questions = QUESTIONS[language]
    const question = questions[i % questions.length] ?? ''
    const { firstTokenMs, tokensPerSecond } = await reply(llm, { question, language }, onFallback)
    insist()
    firsts.push(firstTokenMs)
    if (tokensPerSecond !== null) rates.push(tokensPerSecond)
  }
  const engine = engineName(llm.engine)
  return [
    rowOf(firsts, {
      measured: 'first token',
      engine,
      digits: 1,
      target: TARGETS.firstToken,
      earlier: EARLIER.firstToken,
    }),
    rowOf(rates, {
      measured: 'tokens a second',
      engine,
      unit: '/s',
      target: TARGETS.tokens,
      // A program that has its answer ready streams nothing that could be timed.
      ...(llm.engine.demonstration && { remark: 'no language model' }),
    }),
  ]
}

async function voiceRows(
  { engines: { tts }, onFallback, insist }: ConfiguredEngines,
  mode: TtsMode,
  repetitions: number,
): Promise<Row[]> {
  const engine = engineName(tts.engineFor?.(mode) ?? tts.engine)
  const rows: Row[] = []
  for (const language of (['en', 'zh'] as const).filter((one) => tts.speaks(one))) {
    const text = SENTENCE[language]
    const spoken = []
    for (let i = 0; i < repetitions; i++) {
      spoken.push(await speak(tts, { text, language, mode }, onFallback))
      insist()
    }
    const isFast = mode === 'fast'
    const row = (what: string, values: number[], facts: Partial<Row> = {}): Row =>
      rowOf(values, { measured: `${mode} voice, ${language}: ${what}`, engine, ...facts })
    rows.push(
      row(
        'first audio',
        spoken.map(({ firstAudioMs }) => firstAudioMs),
        isFast ? { target: TARGETS.fastFirstAudio } : {},
      ),
      row(
        'a sentence',
        spoken.map(({ wholeMs }) => wholeMs),
        isFast ? { target: TARGETS.fastSentence, earlier: EARLIER.fastSentence } : {},
      ),
      row(
        'real-time factor',
        spoken.map(({ wholeMs, audioMs }) => wholeMs / audioMs),
        { unit: '×', digits: 3 },
      ),
    )
  }
  return rows
}

/** None where no engine speaks in this mode. */
async function hqRows(configured: ConfiguredEngines, repetitions: number): Promise<Row[]> {
  const { plan, runner } = configured
  const [name] = plan.chains['tts.hq']
  if (name === undefined) return []
  const engine = plan.engines.find((one) => one.name === name)
  const rows: Row[] = []
  if (engine?.kind === 'managed' && engine.launch.onDemand) {
    await runner.unload(name)
    const askedAt = monotonicMs()
    await runner.load(name)
    rows.push(rowOf([monotonicMs() - askedAt], { measured: 'HQ voice: load', engine: name, target: TARGETS.hqLoad }))
  }
  return [...rows, ...(await voiceRows(configured, 'hq', repetitions))]
}

function vramRow({ card }: ConfiguredEngines): Row {
  const now = card()
  const shares = now ? [(now.usedBytes / now.totalBytes) * 100] : []
  const facts = { measured: 'memory of the card', engine: now?.name ?? 'no card', target: TARGETS.vram }
  return rowOf(shares, { ...facts, unit: '%', digits: 1, earlier: EARLIER.vram })
}
