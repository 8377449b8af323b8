// The table of voice-to-voice.ts: what a scene's turns add up to, which aims they meet, and when a scene counts as broken. Pure.
import { ENGINE_INPUT_RATE, VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import type { EngineDelays } from './node-process.ts'
import { median, quantile } from './quantile.ts'
import type { Aim, Report } from './report.ts'

export const { hardEndMs } = DEFAULT_TURN_OPTIONS
const { softEndMs } = DEFAULT_TURN_OPTIONS
/** Of fewer turns the 99th percentile is one bad moment. */
export const MIN_TURNS_FOR_P99 = 600
const MAX_OVERHEAD_P50_MS = 10
const MAX_OVERHEAD_P99_MS = 40

export interface VoiceScene {
  vad: 'scripted' | 'real'
  sessions: number
  speculation: boolean
  turnsPerSession: number
}

/** Where the time of one turn went; all but the engines' critical path add up to the total. */
export interface Split {
  totalMs: number
  vadLagMs: number
  fillMs: number
  uplinkMs: number
  nodeMs: number
}

/** What one program used while the scene was played. */
export interface Cost {
  cpuMsPerSessionMinute: number
  rssBytes: number
}

export interface Played {
  scene: VoiceScene
  splits: Split[]
  edge: Cost
  node: Cost
  /** Why the scene ended before its time. */
  broke: string | undefined
}

export function voiceReport(played: Played[], delays: EngineDelays, broke: string[]): Report {
  return {
    title: `voice-to-voice, engines ${delays.sttMs}/${delays.llmMs}/${delays.ttsMs} ms (STT / LLM first token / TTS first audio)`,
    baseline: `ideal = ${hardEndMs} ms of silence + VAD lag + the frame's fill + the engines' critical path, and nothing else`,
    columns: COLUMNS,
    rows: played.map((one) => rowOf(one, delays)),
    notes: [...NOTES, ...broke],
    aims: played.flatMap(aimsOf),
  }
}

/** What the engines alone need after the hard end. A reply speculated on at the soft end has had the silence between. */
export function criticalPathMs({ delays, speculation }: { delays: EngineDelays; speculation: boolean }): number {
  const engines = delays.sttMs + delays.llmMs + delays.ttsMs
  return speculation ? Math.max(0, engines - (wholeFramesMs(hardEndMs) - wholeFramesMs(softEndMs))) : engines
}

const FRAME_MS = (VAD_FRAME_SAMPLES * 1000) / ENGINE_INPUT_RATE
const wholeFramesMs = (ms: number): number => Math.ceil(ms / FRAME_MS) * FRAME_MS

const overheadMs = ({ uplinkMs, nodeMs }: Split): number => uplinkMs + nodeMs
/** NaN where too few turns were spoken to tell. */
const p99 = (values: number[]): number => (values.length < MIN_TURNS_FOR_P99 ? NaN : quantile(values, 0.99))

export function whyBroken({ splits, broke }: Played): string | undefined {
  if (broke !== undefined) return broke
  const worst = p99(splits.map(overheadMs))
  return worst > MAX_OVERHEAD_P99_MS ? `overhead p99 ${worst.toFixed(1)} ms, over ${MAX_OVERHEAD_P99_MS}` : undefined
}

const COLUMNS = [
  { name: 'VAD' },
  { name: 'sessions' },
  { name: 'speculation' },
  { name: 'turns' },
  { name: 'total p50' },
  { name: 'total p99' },
  { name: '× ideal', digits: 3 },
  { name: 'silence' },
  { name: 'VAD lag', digits: 1 },
  { name: 'frame', digits: 1 },
  { name: 'uplink', digits: 1 },
  { name: 'node', digits: 1 },
  { name: 'overhead p50', digits: 1 },
  { name: 'overhead p99', digits: 1 },
  { name: 'CPU s/session-min', digits: 2 },
  { name: 'of it node', digits: 2 },
  { name: 'edge MB' },
  { name: 'node MB' },
]

const NOTES = [
  'ms where nothing else is said; parts are medians. VAD lag: from the hard-end silence’s due end to the sample at which the VAD',
  'gave it (whole frames of 32 ms; with real speech also how it hears the fall). frame: until the 20 ms frame with that sample was',
  'complete. uplink: from then until it was at the node. node: from then to the first reply audio at the caller, less the engines’',
  'critical path. overhead: uplink + node. p99 of at least 600 turns. CPU: edge and node, of a minute of one session; memory: RSS',
  'at the end. The callers’ own process runs on the same cores.',
]

function rowOf({ scene, splits, edge, node }: Played, delays: EngineDelays): Array<string | number | null> {
  const of = (pick: (split: Split) => number): number => median(splits.map(pick))
  const known = (value: number): number | null => (Number.isNaN(value) ? null : value)
  const total = splits.map(({ totalMs }) => totalMs)
  const enginesMs = criticalPathMs({ delays, speculation: scene.speculation })
  const mb = ({ rssBytes }: Cost): number => rssBytes / 2 ** 20
  return [
    scene.vad,
    scene.sessions,
    scene.speculation ? 'on' : 'off',
    splits.length,
    known(median(total)),
    known(p99(total)),
    known(of(({ totalMs, vadLagMs, fillMs }) => totalMs / (hardEndMs + vadLagMs + fillMs + enginesMs))),
    hardEndMs,
    known(of(({ vadLagMs }) => vadLagMs)),
    known(of(({ fillMs }) => fillMs)),
    known(of(({ uplinkMs }) => uplinkMs)),
    known(of(({ nodeMs }) => nodeMs)),
    known(of(overheadMs)),
    known(p99(splits.map(overheadMs))),
    (edge.cpuMsPerSessionMinute + node.cpuMsPerSessionMinute) / 1_000,
    node.cpuMsPerSessionMinute / 1_000,
    mb(edge),
    mb(node),
  ]
}

/** A scene of too few turns for its p99 meets no aim and misses none. */
function aimsOf({ scene, splits, broke }: Played): Aim[] {
  const overhead = splits.map(overheadMs)
  const [half, worst] = [median(overhead), p99(overhead)]
  if (Number.isNaN(worst) && broke === undefined) return []
  const { vad, sessions, speculation } = scene
  return [
    {
      aim:
        `overhead p50 ≤ ${MAX_OVERHEAD_P50_MS}, p99 ≤ ${MAX_OVERHEAD_P99_MS} ms ` +
        `(${sessions} sessions, ${vad} VAD, speculation ${speculation ? 'on' : 'off'})`,
      got: broke ?? `${half.toFixed(1)}, ${worst.toFixed(1)} ms`,
      isMet: broke === undefined && half <= MAX_OVERHEAD_P50_MS && worst <= MAX_OVERHEAD_P99_MS,
    },
  ]
}
