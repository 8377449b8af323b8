// The table of peers.ts: what a scene's turns add up to, and when a system counts as broken. Pure.
import type { EngineDelays } from '#tests/bench/node-process.ts'
import { median, quantile } from '#tests/bench/quantile.ts'
import type { Report } from '#tests/bench/report.ts'
import { MIN_TURNS_FOR_P99 } from '#tests/bench/voice-report.ts'

/** Of fewer turns the 95th percentile is one bad moment. */
const MIN_TURNS_FOR_P95 = 60
/** A reply that comes so much too late is noticed by everybody; where half of them do, nobody would go on with more sessions. */
const MAX_OVER_P50_MS = 500
/** Of all turns. */
const MAX_LOST = 0.05

export interface PeersScene {
  vad: 'scripted' | 'real'
  sessions: number
  /** Of each system and session, in all rounds together. */
  turnsPerSession: number
}

/** What one system did in one scene, all rounds together. */
export interface Contest {
  name: string
  scene: PeersScene
  /** From the last sample spoken to the first reply audio, a turn. */
  totalMs: number[]
  /** Why turns got no reply, each. */
  lost: string[]
  cpuMs: number
  sessionMinutes: number
  rssBytes: number
}

export interface Terms {
  delays: EngineDelays
  silenceMs: number
}

/** With no help from anybody's computer: the silence, and then the three engines one after the other. */
export const idealMs = ({ delays, silenceMs }: Terms): number => silenceMs + delays.sttMs + delays.llmMs + delays.ttsMs

export function whyBroken({ totalMs, lost }: Contest, terms: Terms): string | undefined {
  const reasons = [...new Set(lost)].join(', ')
  if (totalMs.length === 0) return `no turn got its reply: ${reasons}`
  const share = lost.length / (lost.length + totalMs.length)
  if (share > MAX_LOST) return `${lost.length} of ${lost.length + totalMs.length} turns lost: ${reasons}`
  const over = median(totalMs) - idealMs(terms)
  return over > MAX_OVER_P50_MS ? `p50 is ${over.toFixed(0)} ms over the ideal, over ${MAX_OVER_P50_MS}` : undefined
}

export function peersReport(contests: Contest[], terms: Terms, broke: string[]): Report {
  const { delays, silenceMs } = terms
  return {
    title: `peers, engines ${delays.sttMs}/${delays.llmMs}/${delays.ttsMs} ms (STT / LLM first token / TTS first audio), no speculation`,
    baseline: `ideal = ${silenceMs} ms of silence + the engines one after the other, ${idealMs(terms)} ms for everybody`,
    columns: COLUMNS,
    rows: contests.map((contest) => rowOf(contest, terms)),
    notes: [...NOTES, ...broke],
    aims: [],
  }
}

const COLUMNS = [
  { name: 'VAD' },
  { name: 'sessions' },
  { name: 'system' },
  { name: 'turns' },
  { name: 'lost' },
  { name: 'total p50' },
  { name: 'total p95' },
  { name: 'total p99' },
  { name: 'over ideal p50', digits: 1 },
  { name: 'p95', digits: 1 },
  { name: 'p99', digits: 1 },
  { name: 'CPU s/session-min', digits: 2 },
  { name: 'RSS MB' },
]

const NOTES = [
  'ms where nothing else is said. total: from the last sample spoken to the first reply audio at the caller, who is the same for all',
  'three. Over the ideal stands all that a system adds: its VAD’s lag (whole windows of 32 ms; with real speech also how it hears the',
  'fall), frames, sockets, scheduling. p95 of at least 60 turns, p99 of at least 600. lost: turns without a reply. CPU and RSS (at the',
  'end of a scene): of all processes of a system, by /proc; Parley’s are its edge and its GPU node, so its audio goes over two sockets',
  'and its turns into a database. Each peer is one process for all sessions, as Parley’s node is; LiveKit’s own worker starts one a',
  'call. The systems take turns, in one order and then in the other; the callers’ own process runs on the same cores.',
]

function rowOf(contest: Contest, terms: Terms): Array<string | number | null> {
  const { name, scene, totalMs, lost, cpuMs, sessionMinutes, rssBytes } = contest
  const [p50, p95, p99] = [
    known(totalMs, 0.5, 1),
    known(totalMs, 0.95, MIN_TURNS_FOR_P95),
    known(totalMs, 0.99, MIN_TURNS_FOR_P99),
  ]
  const over = (total: number | null): number | null => (total === null ? null : total - idealMs(terms))
  return [
    scene.vad,
    scene.sessions,
    name,
    totalMs.length,
    lost.length,
    p50,
    p95,
    p99,
    over(p50),
    over(p95),
    over(p99),
    Number.isFinite(cpuMs) ? cpuMs / 1_000 / sessionMinutes : null,
    rssBytes === 0 ? null : rssBytes / 2 ** 20,
  ]
}

const known = (values: number[], share: number, least: number): number | null =>
  values.length < least ? null : quantile(values, share)
