// Bench: what the embedded engines cost, on real speech, through the real edge and node. The sentences of the tests' fixture
// are spoken by the embedded voice beforehand; each session first says them at the pace of life (latency, CPU, memory), then
// pours them in as fast as the loop takes them (real-time factor: time needed over length of what was said).
import { systemClock } from '#shared/clock.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'
import { startChild, type BenchChild, type Usage } from './child.ts'
import type { EdgeFacts } from './edge-process.ts'
import { generateRecordings } from './engines/recordings.ts'
import { monotonicMs } from './monotonic.ts'
import type { NodeSettings } from './node-process.ts'
import { median } from './quantile.ts'
import type { Report } from './report.ts'
import { SpeakingCaller, type CalledTurn } from './speaking-caller.ts'

export interface EmbeddedLoad {
  sessions: number[]
  turnsPerSession: number
  idleMs: number
}

export const EMBEDDED_FULL: EmbeddedLoad = { sessions: [1, 2], turnsPerSession: 9, idleMs: 5_000 }
export const EMBEDDED_SHORT: EmbeddedLoad = { sessions: [1, 2], turnsPerSession: 3, idleMs: 1_000 }

/** Behind a sentence that is poured: ends the utterance, whatever the VAD's lag. */
const SILENCE_MS = DEFAULT_TURN_OPTIONS.hardEndMs + 300
const WATCH_EVERY_MS = 250

interface Halves {
  edge: BenchChild<EdgeFacts>
  node: BenchChild<object>
}

/** Processor time over wall time, and the most memory that was seen. */
interface Cost {
  cores: number
  peakRssBytes: number
}

interface Measured {
  sessions: number
  inRealTime: CalledTurn[]
  factors: number[]
  spokenMs: number
  wallMs: number
  edge: Cost
  node: Cost
}

export async function benchEmbedded(load: EmbeddedLoad): Promise<Report> {
  // A story takes half a minute to tell, and says no more of the engines than any other answer.
  const recordings = (await generateRecordings()).filter(({ text }) => !text.includes('story'))
  const sentences = recordings.map(({ pcm }) => pcm)
  const edge = await startChild<EdgeFacts>('./edge-process.ts', {})
  try {
    const slots = Math.max(...load.sessions)
    const settings: NodeSettings = { edgeUrl: edge.facts.url, token: edge.facts.nodeToken, slots }
    const node = await startChild<object>('./node-process.ts', settings)
    try {
      const idle = await watch({ edge, node }, () => systemClock.sleep(load.idleMs))
      const measured: Measured[] = []
      for (const sessions of load.sessions)
        measured.push(await measure(sessions, { edge, node }, sentences.slice(0, load.turnsPerSession)))
      return reportOf(idle, measured)
    } finally {
      await node.stop()
    }
  } finally {
    await edge.stop()
  }
}

async function measure(sessions: number, { edge, node }: Halves, sentences: Int16Array[]): Promise<Measured> {
  const callers: SpeakingCaller[] = []
  const options = {}
  try {
    for (let i = 0; i < sessions; i++) callers.push(await new SpeakingCaller({ ...edge.facts, options }).open())
    const speak = (caller: SpeakingCaller): Promise<CalledTurn[]> => oneByOne(sentences, (pcm) => caller.speak(pcm))
    const inLife = await watch({ edge, node }, () => Promise.all(callers.map(speak)))
    const poured = await Promise.all(callers.map((caller) => oneByOne(sentences, (pcm) => pour(caller, pcm))))
    const spokenMs = (sessions * sentences.reduce((sum, { length }) => sum + length, 0) * 1000) / ENGINE_INPUT_RATE
    return { sessions, ...inLife, inRealTime: inLife.result.flat(), factors: poured.flat(), spokenMs }
  } finally {
    await Promise.all(callers.map((caller) => caller.end()))
  }
}

async function oneByOne<T>(sentences: Int16Array[], ask: (pcm: Int16Array) => Promise<T>): Promise<T[]> {
  const all: T[] = []
  for (const pcm of sentences) all.push(await ask(pcm))
  return all
}

/** From the first frame sent to the first reply audio, over the length of what was sent. */
async function pour(caller: SpeakingCaller, pcm: Int16Array): Promise<number> {
  const { speechBegunAtMs, firstAudioAtMs } = await caller.pour(pcm, SILENCE_MS)
  return (firstAudioAtMs - speechBegunAtMs) / ((pcm.length * 1000) / ENGINE_INPUT_RATE + SILENCE_MS)
}

async function watch<T>(
  { edge, node }: Halves,
  run: () => Promise<T>,
): Promise<{ result: T; wallMs: number; edge: Cost; node: Cost }> {
  const seen: Array<{ edge: Usage; node: Usage }> = []
  const look = async (): Promise<void> => void seen.push({ edge: await edge.usage(), node: await node.usage() })
  await look()
  const startedAt = monotonicMs()
  const stopLooking = systemClock.every(WATCH_EVERY_MS, () => void look().catch(() => {}))
  const result = await run().finally(stopLooking)
  const wallMs = monotonicMs() - startedAt
  await look()
  const costOf = (half: 'edge' | 'node'): Cost => {
    const usages = seen.map((usage) => usage[half])
    const cpuMs = Math.max(...usages.map((usage) => usage.cpuMs)) - Math.min(...usages.map((usage) => usage.cpuMs))
    return { cores: cpuMs / wallMs, peakRssBytes: Math.max(...usages.map(({ rssBytes }) => rssBytes)) }
  }
  return { result, wallMs, edge: costOf('edge'), node: costOf('node') }
}

// --- the table ---

const COLUMNS = [
  { name: 'sessions' },
  { name: 'turns' },
  { name: 'speech s', digits: 1 },
  { name: 'real-time factor', digits: 2 },
  { name: '× 1 session', digits: 2 },
  { name: 'voice-to-voice p50' },
  { name: 'STT' },
  { name: 'LLM' },
  { name: 'TTS' },
  { name: 'node CPU %' },
  { name: 'node CPU s/s speech', digits: 2 },
  { name: 'node RSS MB' },
  { name: 'edge CPU %', digits: 1 },
  { name: 'edge RSS MB' },
]

type Idle = Pick<Measured, 'edge' | 'node'>

function reportOf(idle: Idle, measured: Measured[]): Report {
  const base = median(measured[0]?.factors ?? [])
  return {
    title: 'embedded engines: Silero VAD, PocketSphinx, rule-based responder, flite',
    baseline: 'one session; a real-time factor of 1 is the pace of life',
    columns: COLUMNS,
    rows: [
      [0, ...Array.from({ length: 8 }, () => null), idle.node.cores * 100, null, ...rest(idle)],
      ...measured.map((one) => rowOf(one, base)),
    ],
    notes: [
      'real-time factor (median): a sentence and its silence poured in at once; time until the first reply audio over its length.',
      'The other columns are of a conversation at the pace of life; voice-to-voice: from the end of speech to the first reply',
      'audio at the client, stages as the node measures them, in ms (STT, LLM and TTS mostly run inside the 500 ms of silence).',
      'CPU: 100 % is one core, over the whole conversation. RSS: the most that was seen, with recognisers for all the slots.',
    ],
    aims: [],
  }
}

function rowOf(one: Measured, base: number): Array<string | number | null> {
  const { sessions, inRealTime, factors, spokenMs, wallMs, node } = one
  const stage = (name: 'sttMs' | 'llmFirstTokenMs' | 'ttsFirstAudioMs'): number =>
    median(inRealTime.map(({ timings }) => timings[name] ?? NaN))
  return [
    sessions,
    inRealTime.length,
    spokenMs / 1000,
    median(factors),
    median(factors) / base,
    median(inRealTime.map(({ firstAudioAtMs, speechEndedAtMs }) => firstAudioAtMs - speechEndedAtMs)),
    stage('sttMs'),
    stage('llmFirstTokenMs'),
    stage('ttsFirstAudioMs'),
    node.cores * 100,
    (node.cores * wallMs) / spokenMs,
    ...rest(one),
  ]
}

function rest({ edge, node }: Idle): number[] {
  const mb = ({ peakRssBytes }: Cost): number => peakRssBytes / 2 ** 20
  return [mb(node), edge.cores * 100, mb(edge)]
}
