// Bench: the engines that this machine is configured for (gpu-node.toml and the environment; the embedded ones otherwise), alone and in
// whole calls, beside what a node with one RTX 4090 should reach and what the product's first version measured.
import { engineName, measureAlone, type AloneLoad } from './engines/alone.ts'
import { measureCalls, type CallLoad } from './engines/calls.ts'
import { startConfigured, type Wait, WAIT } from './engines/configured.ts'
import { generateRecordings, readRecordings, type Recording } from './engines/recordings.ts'
import { aimsOf, cellsOf, COLUMNS, rowOf, type Row } from './engines/rows.ts'
import { TARGETS } from './engines/targets.ts'
import { scoreOf } from './listen/sheet.ts'
import type { Report } from './report.ts'

export interface EnginesLoad {
  alone: AloneLoad
  /** Undefined: no calls. */
  calls?: CallLoad
  /** A folder of x.wav and x.txt; generated speech without it. */
  wavs?: string | undefined
  /** Marks of a listening test, 1–10, of each kind of voice: see listen.ts. */
  marks?: Record<string, number[]> | undefined
}

export const ENGINES_FULL = {
  alone: { seconds: [1, 3, 5, 10, 20], utterances: 10, repetitions: 20 },
  calls: { sessions: [1, 3, 5, 10], turns: 100, soakMinutes: 0 },
} satisfies EnginesLoad
export const ENGINES_SHORT = {
  alone: { seconds: [1, 3], utterances: 3, repetitions: 3 },
  calls: { sessions: [1], turns: 2, soakMinutes: 0 },
} satisfies EnginesLoad

/** A story is told for half a minute, and says no more of the engines than any other answer. */
const isShortAnswered = ({ text, pcm }: Recording): boolean => !/story|故事/.test(text) && pcm.length > 0

export async function benchEngines(
  { alone, calls, wavs, marks }: EnginesLoad,
  { environment = process.env, tell = tellOnStderr, wait = WAIT }: Partial<Surroundings> = {},
): Promise<Report> {
  const recordings = wavs === undefined ? await generateRecordings() : readRecordings(wavs)
  const configured = await startConfigured(environment, tell, wait)
  const rows: Row[] = []
  const { stt, llm, tts } = configured.engines
  try {
    rows.push(...(await measureAlone(configured, recordings, alone, tell)))
  } finally {
    // The node of the calls starts its own: two of them would not fit on one card.
    await configured.stop()
  }
  if (calls) {
    const engine = [stt, llm, tts].map((one) => engineName(one.engine).replace(' (demonstration)', '*')).join(' ')
    rows.push(...(await measureCalls(calls, recordings.filter(isShortAnswered), engine, tell)))
  }
  for (const [kind, given] of Object.entries(marks ?? {}))
    rows.push({
      ...rowOf([scoreOf(given).mean], { ...LISTENING, measured: `listening, ${kind}: mean` }),
      n: given.length,
    })
  return {
    title: 'engines',
    baseline: 'the aims for one RTX 4090 (target), and the first version of the product (earlier)',
    columns: COLUMNS,
    rows: rows.map(cellsOf),
    notes: NOTES,
    aims: aimsOf(rows),
  }
}

const LISTENING = { engine: 'as listened to', unit: 'of 10', digits: 2, target: TARGETS.listening }

interface Surroundings {
  environment: NodeJS.ProcessEnv
  tell: (line: string) => void
  wait: Wait
}

const tellOnStderr = (line: string): void => void process.stderr.write(`${line}\n`)

const NOTES = [
  'transcription: from the last sample, said at the pace of life, to the final text. Errors: edits over what was said, all recordings',
  'together (Chinese in Simplified characters, without punctuation). tokens a second: of those after the first. A sentence has about',
  'fifty characters; real-time factor: time needed over length of the audio. voice to voice: from the end of speech, through caller,',
  'edge and node, to the first audio of the reply at the caller; the silence that ends an utterance (500 ms) is in it. * demonstration.',
]
