// Bench: from the true end of speech to the first reply audio at the client, through caller, edge and GPU node in three
// processes over loopback. The engines are scripted and their delays known, so what is left is ours: the overhead.
//
//   end of speech ─ silence + VAD lag ─► hard end (a sample) ─ frame fills, uplink ─► at the VAD ─ engines + overhead ─► heard
//
// All times are CLOCK_MONOTONIC of the one machine (monotonic.ts). The delays are taken as they were ordered: how late a
// timer of the scripted engines rings counts as overhead.
import { ENGINE_INPUT_RATE, VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { systemClock } from '#shared/clock.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import { startChild, type BenchChild } from './child.ts'
import type { EdgeFacts } from './edge-process.ts'
import type { Mark } from './marking-vad.ts'
import type { EngineDelays, NodeSettings } from './node-process.ts'
import { median, quantile } from './quantile.ts'
import type { Aim, Report } from './report.ts'
import { SpeakingCaller, type CalledTurn } from './speaking-caller.ts'

export interface VoiceLoad {
  sessions: number[]
  delays: EngineDelays[]
  turnsPerSession: number
  /** Turns of one session that are not counted: the programs compile their code in them. */
  warmUpTurns: number
}

const NO_DELAYS: EngineDelays = { sttMs: 0, llmMs: 0, ttsMs: 0 }
const REAL_DELAYS: EngineDelays = { sttMs: 100, llmMs: 50, ttsMs: 100 }
export const VOICE_FULL: VoiceLoad = {
  sessions: [1, 5, 10],
  delays: [NO_DELAYS, REAL_DELAYS],
  turnsPerSession: 15,
  warmUpTurns: 8,
}
export const VOICE_SHORT: VoiceLoad = { ...VOICE_FULL, sessions: [1, 10], turnsPerSession: 4, warmUpTurns: 4 }

const { hardEndMs, softEndMs } = DEFAULT_TURN_OPTIONS
/** Loud enough for the scripted VAD, every sample of it, so that the end of speech is known to the sample. */
const SPEECH_AMPLITUDE = 8_000
const SPEECH_MS = 500
/** Steps of one frame: speech then ends at every place in a VAD frame. */
const SPEECH_STEP_MS = 20
const SPEECH_STEPS = 8
/** Between a reply and the next question, so that sessions do not fall into step. */
const MAX_PAUSE_MS = 400
const MAX_OVERHEAD_P50_MS = 10
const MAX_OVERHEAD_P99_MS = 40
const MAX_SPECULATED_MS = hardEndMs + 30

interface Scene {
  sessions: number
  delays: EngineDelays
  speculation: boolean
}

/** Where the time of one turn went; all but the engines' stages add up to the total. */
interface Split {
  totalMs: number
  vadLagMs: number
  uplinkMs: number
  overheadMs: number
  turn: CalledTurn
}

export async function benchVoiceToVoice(load: VoiceLoad): Promise<Report> {
  const most = Math.max(...load.sessions)
  const edge = await startChild<EdgeFacts>('./edge-process.ts', {})
  const measured: Array<{ scene: Scene; splits: Split[] }> = []
  try {
    for (const delays of load.delays) {
      const node = await startScriptedNode(edge.facts, delays, most)
      try {
        await play({ sessions: 1, delays, speculation: false }, edge.facts, node, load.warmUpTurns)
        for (const sessions of load.sessions)
          for (const speculation of [false, true]) {
            const scene = { sessions, delays, speculation }
            measured.push({ scene, splits: await play(scene, edge.facts, node, load.turnsPerSession) })
          }
      } finally {
        await node.stop()
      }
    }
  } finally {
    await edge.stop()
  }
  return {
    title: 'voice-to-voice',
    baseline: `ideal = ${hardEndMs} ms of silence + VAD lag + the engines' critical path, with no time for anything else`,
    columns: COLUMNS,
    rows: measured.map(({ scene, splits }) => rowOf(scene, splits)),
    notes: NOTES,
    aims: measured.flatMap(({ scene, splits }) => (scene.sessions === most ? aimsOf(scene, splits) : [])),
  }
}

function startScriptedNode(edge: EdgeFacts, delays: EngineDelays, slots: number): Promise<BenchChild<object>> {
  const settings: NodeSettings = { edgeUrl: edge.url, token: edge.nodeToken, slots, scripted: { delays, hardEndMs } }
  return startChild('./node-process.ts', settings)
}

/** All sessions speak at once, each turn by turn at its own pace. */
async function play(scene: Scene, edge: EdgeFacts, node: BenchChild<object>, turns: number): Promise<Split[]> {
  const callers: SpeakingCaller[] = []
  try {
    await node.ask('marks')
    // One after the other: the streams of the VAD are then in the order of the callers.
    for (let i = 0; i < scene.sessions; i++)
      callers.push(await new SpeakingCaller({ ...edge, options: { speculation: scene.speculation } }).open())
    const spoken = await Promise.all(callers.map((caller) => converse(caller, turns)))
    const marks = await node.ask<Mark[][]>('marks')
    return spoken.flatMap((all, session) => all.map((turn) => split(turn, marks[session] ?? [], criticalPathMs(scene))))
  } finally {
    await Promise.all(callers.map((caller) => caller.end()))
  }
}

async function converse(caller: SpeakingCaller, turns: number): Promise<CalledTurn[]> {
  const spoken: CalledTurn[] = []
  for (let i = 0; i < turns; i++) {
    await systemClock.sleep(Math.random() * MAX_PAUSE_MS)
    const speechMs = SPEECH_MS + (i % SPEECH_STEPS) * SPEECH_STEP_MS
    spoken.push(await caller.speak(new Int16Array((speechMs * ENGINE_INPUT_RATE) / 1000).fill(SPEECH_AMPLITUDE)))
  }
  return spoken
}

/** What the engines alone need after the hard end. A reply speculated on at the soft end has had the silence between. */
export function criticalPathMs({ delays, speculation }: Omit<Scene, 'sessions'>): number {
  const engines = delays.sttMs + delays.llmMs + delays.ttsMs
  return speculation ? Math.max(0, engines - (wholeFramesMs(hardEndMs) - wholeFramesMs(softEndMs))) : engines
}

const FRAME_MS = (VAD_FRAME_SAMPLES * 1000) / ENGINE_INPUT_RATE
const wholeFramesMs = (ms: number): number => Math.ceil(ms / FRAME_MS) * FRAME_MS

function split(turn: CalledTurn, marks: Mark[], enginesMs: number): Split {
  const mark = marks.find(({ atSample }) => atSample === turn.hardEndSample)
  if (!mark) throw new Error('the scripted VAD and the endpointer do not agree on the hard end')
  const toHardEndMs = ((turn.hardEndSample - turn.speechEndSample) * 1000) / ENGINE_INPUT_RATE
  return {
    totalMs: turn.firstAudioAtMs - turn.speechEndedAtMs,
    vadLagMs: toHardEndMs - hardEndMs,
    uplinkMs: mark.arrivedAtMs - (turn.speechEndedAtMs + toHardEndMs),
    overheadMs: turn.firstAudioAtMs - mark.arrivedAtMs - enginesMs,
    turn,
  }
}

// --- the table ---

const COLUMNS = [
  { name: 'sessions' },
  { name: 'engines' },
  { name: 'speculation' },
  { name: 'turns' },
  { name: 'total p50' },
  { name: 'p99' },
  { name: '× ideal', digits: 3 },
  { name: 'silence' },
  { name: 'VAD lag', digits: 1 },
  { name: 'frame+uplink', digits: 1 },
  { name: 'STT' },
  { name: 'LLM' },
  { name: 'TTS' },
  { name: 'total−lag p50' },
  { name: 'overhead p50', digits: 1 },
  { name: 'p99', digits: 1 },
]

const NOTES = [
  'ms; stages are medians. engines: ordered delays of STT / LLM first token / TTS first audio.',
  'VAD lag: the hard-end sample − the true end of speech − silence (whole VAD frames of 32 ms); frame+uplink: from that sample',
  'being spoken until the VAD has it (a 20 ms frame fills first). STT, LLM, TTS: as the node measures them; with speculation',
  'they run inside the silence. overhead: from the frame with the hard-end sample at the VAD to the first reply audio at the',
  'client, less the engines’ critical path. Client, edge and node: three processes, one monotonic clock.',
]

function rowOf(scene: Scene, splits: Split[]): Array<string | number | null> {
  const { sttMs, llmMs, ttsMs } = scene.delays
  const of = (pick: (split: Split) => number): number => median(splits.map(pick))
  const total = splits.map(({ totalMs }) => totalMs)
  const overhead = splits.map(({ overheadMs }) => overheadMs)
  return [
    scene.sessions,
    `${sttMs}/${llmMs}/${ttsMs}`,
    scene.speculation ? 'on' : 'off',
    splits.length,
    median(total),
    quantile(total, 0.99),
    of(({ totalMs, vadLagMs }) => totalMs / (hardEndMs + vadLagMs + criticalPathMs(scene))),
    hardEndMs,
    of(({ vadLagMs }) => vadLagMs),
    of(({ uplinkMs }) => uplinkMs),
    of(({ turn }) => turn.timings.sttMs ?? NaN),
    of(({ turn }) => turn.timings.llmFirstTokenMs ?? NaN),
    of(({ turn }) => turn.timings.ttsFirstAudioMs ?? NaN),
    of(({ totalMs, vadLagMs }) => totalMs - vadLagMs),
    median(overhead),
    quantile(overhead, 0.99),
  ]
}

/** The aims are for the largest number of sessions. */
function aimsOf(scene: Scene, splits: Split[]): Aim[] {
  const { delays, sessions, speculation } = scene
  const where = `${sessions} sessions, engines ${delays.sttMs}/${delays.llmMs}/${delays.ttsMs}`
  const overhead = splits.map(({ overheadMs }) => overheadMs)
  const [p50, p99] = [median(overhead), quantile(overhead, 0.99)]
  const overheadAim: Aim = {
    aim: `overhead p50 ≤ ${MAX_OVERHEAD_P50_MS}, p99 ≤ ${MAX_OVERHEAD_P99_MS} ms (${where}, speculation ${speculation ? 'on' : 'off'})`,
    got: `${p50.toFixed(1)}, ${p99.toFixed(1)} ms`,
    isMet: p50 <= MAX_OVERHEAD_P50_MS && p99 <= MAX_OVERHEAD_P99_MS,
  }
  if (!speculation || criticalPathMs(scene) > 0) return [overheadAim]
  const total = median(splits.map(({ totalMs }) => totalMs))
  const lessLag = median(splits.map(({ totalMs, vadLagMs }) => totalMs - vadLagMs))
  const speculationAim: Aim = {
    aim: `with speculation total p50 less the VAD's own lag ≤ ${MAX_SPECULATED_MS} ms (${where})`,
    got: `${lessLag.toFixed(1)} ms; ${total.toFixed(1)} ms with that lag`,
    isMet: lessLag <= MAX_SPECULATED_MS,
  }
  return [overheadAim, speculationAim]
}
