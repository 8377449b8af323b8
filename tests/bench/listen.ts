// Bench: what people think of the voices. First `listen --out FOLDER` writes a blind page and, apart from it, its key; then `listen
// --key FILE --ratings FILE …` says what the marks were for. `engines --key … --ratings …` puts them into its table.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { concatPcm } from '#shared/audio/pcm.ts'
import { writeWav } from '#shared/audio/wav.ts'
import type { Language } from '#shared/model/language.ts'
import { newSecret } from '#shared/token.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'
import { SENTENCES } from '#tests/gpu-node/engines/embedded/spoken.ts'
import { engineName } from './engines/alone.ts'
import { startConfigured, type ConfiguredEngines } from './engines/configured.ts'
import { spokenLanguage } from './engines/error-rate.ts'
import { speak } from './engines/measure.ts'
import { readRecordings } from './engines/recordings.ts'
import { TARGETS } from './engines/targets.ts'
import { pageOf } from './listen/page.ts'
import { Key, marksByKind, MAX_SAMPLES, Ratings, scoreOf, shuffled, type Kind, type Sample } from './listen/sheet.ts'
import type { Report } from './report.ts'

/** Enough to tell one test from another. */
const TEST_BYTES = 6
const ZH_SENTENCES = ['你好，很高兴认识你。', '明天下午三点我们在车站见面，好吗？', '今天的天气真好，我想出去走走。']

export interface ListenOptions {
  out: string
  /** x.wav and x.txt of the speaker himself: they are rated, too, and their words are what the voices say. */
  reference?: string | undefined
}

/** Writes page.html and key.json, and says where. */
export async function makeListeningTest(
  { out, reference }: ListenOptions,
  environment: NodeJS.ProcessEnv,
  tell: (line: string) => void,
): Promise<string> {
  const recordings = reference === undefined ? [] : readRecordings(reference)
  const texts = reference === undefined ? [...SENTENCES, ...ZH_SENTENCES] : recordings.map(({ text }) => text)
  const configured = await startConfigured(environment, tell)
  let spoken: Sample[]
  try {
    spoken = await speakAll(configured, texts)
  } finally {
    await configured.stop()
  }
  const own = recordings.map(({ text, pcm }): Sample => ({
    kind: 'reference',
    text,
    wav: writeWav(pcm, ENGINE_INPUT_RATE),
  }))
  const samples = [...spoken, ...own]
  if (samples.length > MAX_SAMPLES) throw new Error(`${samples.length} samples, at most ${MAX_SAMPLES} can be rated`)
  const test = newSecret('', TEST_BYTES)
  const { shown, key } = shuffled(samples, test, Math.random)
  mkdirSync(out, { recursive: true })
  writeFileSync(join(out, 'page.html'), pageOf(shown, test))
  writeFileSync(join(out, 'key.json'), `${JSON.stringify(key)}\n`)
  const kinds = [...new Set(samples.map(({ kind }) => kind))].join(', ')
  const voice = engineName(configured.engines.tts.engine)
  return [
    `${samples.length} samples (${kinds}) of ${voice}`,
    `for those who listen: ${join(out, 'page.html')}`,
    `not for them:         ${join(out, 'key.json')}`,
    `then: npm run bench -- listen --key ${join(out, 'key.json')} --ratings ratings-${test}.json`,
  ].join('\n')
}

async function speakAll(configured: ConfiguredEngines, texts: readonly string[]): Promise<Sample[]> {
  const { engines, plan, onFallback, insist } = configured
  const { tts } = engines
  const kinds: readonly Exclude<Kind, 'reference'>[] = plan.chains['tts.hq'].length > 0 ? ['fast', 'hq'] : ['fast']
  const samples: Sample[] = []
  for (const text of texts) {
    const language: Language = spokenLanguage(text)
    if (!tts.speaks(language)) continue
    for (const kind of kinds) {
      const { frames } = await speak(tts, { text, language, mode: kind }, onFallback)
      insist()
      samples.push({ kind, text, wav: writeWav(concatPcm(frames), tts.sampleRate) })
    }
  }
  return samples
}

/** Throws an Error that names the file that cannot be read. */
export function readMarks(keyFile: string, ratingFiles: readonly string[]): Partial<Record<Kind, number[]>> {
  const ratings = ratingFiles.map((file) => read(Ratings, file))
  return marksByKind(ratings, read(Key, keyFile))
}

function read<S extends v.GenericSchema>(schema: S, file: string): v.InferOutput<S> {
  const parsed = v.safeParse(schema, JSON.parse(readFileSync(file, 'utf8')))
  if (parsed.success) return parsed.output
  const [issue] = parsed.issues
  throw new Error(`${file}: ${v.getDotPath(issue) ?? 'the file'}: ${issue.message}`)
}

export function listeningReport(marks: Partial<Record<Kind, number[]>>): Report {
  const scores = Object.entries(marks).map(([kind, given]) => ({ kind, ...scoreOf(given) }))
  const isJudged = ({ kind }: { kind: string }): boolean => kind !== 'reference'
  return {
    title: 'listening',
    baseline: 'the reference, where it was rated: a recording of the speaker himself',
    columns: [{ name: 'voice' }, { name: 'marks' }, { name: 'mean', digits: 2 }, { name: 'spread', digits: 2 }],
    rows: scores.map(({ kind, n, mean, spread }) => [kind, n, mean, spread]),
    notes: ['marks from 1 to 10, given without knowing what was heard; spread: their standard deviation.'],
    aims: scores.filter(isJudged).map(({ kind, mean }) => ({
      aim: `${kind}: ${TARGETS.listening.text}`,
      got: mean.toFixed(2),
      isMet: TARGETS.listening.isMet({ p50: mean, p95: mean }),
    })),
  }
}
