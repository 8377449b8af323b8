// Whole calls on the configured engines, through caller, edge and node in three processes: how long a caller waits from the end of his
// speech to the first sound of the reply, with so many sessions at once, for so many turns or for so long. Used by engines.ts.
import { systemClock } from '#shared/clock.ts'
import { startChild, type BenchChild } from '#tests/bench/child.ts'
import type { EdgeFacts } from '#tests/bench/edge-process.ts'
import { monotonicMs } from '#tests/bench/monotonic.ts'
import type { CardShare, NodeSettings } from '#tests/bench/node-process.ts'
import { SpeakingCaller } from '#tests/bench/speaking-caller.ts'
import { WAIT } from './configured.ts'
import type { Recording } from './recordings.ts'
import { rowOf, type Row } from './rows.ts'
import { EARLIER, JUDGED_SESSIONS, TARGETS } from './targets.ts'

export interface CallLoad {
  sessions: number[]
  /** Turns of all the sessions together. */
  turns: number
  /** Minutes for which SOAK_SESSIONS talk; 0 for not at all. */
  soakMinutes: number
}

const SOAK_SESSIONS = [3, 5]
/** Between a reply and the next question, so that sessions do not fall into step. */
const MAX_PAUSE_MS = 400
const CARD_EVERY_MS = 1_000

export interface Spoken {
  tookMs: number[]
  failed: string[]
  /** Turns in which a simpler engine stood in. */
  degraded: number
  /** The most of the card that was in use; undefined without a card. */
  peakShare: number | undefined
}

export async function measureCalls(
  load: CallLoad,
  recordings: readonly Recording[],
  engine: string,
  tell: (line: string) => void,
): Promise<Row[]> {
  const slots = Math.max(...load.sessions, ...(load.soakMinutes > 0 ? SOAK_SESSIONS : []))
  const edge = await startChild<EdgeFacts>('./edge-process.ts', {})
  try {
    tell('starting the node …')
    const settings: NodeSettings = { edgeUrl: edge.facts.url, token: edge.facts.nodeToken, slots, isConfigured: true }
    const node = await startChild<object>('./node-process.ts', settings, [], WAIT.managedMs)
    try {
      const rows: Row[] = []
      for (const sessions of load.sessions) {
        tell(`calls: ${sessions} at once, ${load.turns} turns …`)
        const perSession = Math.ceil(load.turns / sessions)
        const spoken = await talk({ sessions, edge: edge.facts, node, recordings }, (turns) => turns < perSession)
        const target = sessions === JUDGED_SESSIONS ? TARGETS.voiceToVoice : undefined
        rows.push(callRow({ measured: `voice to voice, ${sessions} at once`, engine, target }, spoken))
      }
      for (const sessions of load.soakMinutes > 0 ? SOAK_SESSIONS : []) {
        tell(`calls: ${sessions} at once for ${load.soakMinutes} minutes …`)
        const until = monotonicMs() + load.soakMinutes * 60_000
        const spoken = await talk({ sessions, edge: edge.facts, node, recordings }, () => monotonicMs() < until)
        const measured = `${load.soakMinutes} minutes, ${sessions} at once`
        rows.push(callRow({ measured, engine, target: TARGETS.soak }, spoken), cardRow(sessions, spoken))
      }
      return rows
    } finally {
      await node.stop()
    }
  } finally {
    await edge.stop()
  }
}

interface Scene {
  sessions: number
  edge: EdgeFacts
  node: BenchChild<object>
  recordings: readonly Recording[]
}

async function talk({ sessions, edge, node, recordings }: Scene, goesOn: (turns: number) => boolean): Promise<Spoken> {
  const spoken: Spoken = { tookMs: [], failed: [], degraded: 0, peakShare: undefined }
  const look = async (): Promise<void> => {
    const share = await node.ask<CardShare>('cardShare')
    if (share !== null) spoken.peakShare = Math.max(spoken.peakShare ?? 0, share)
  }
  const stopLooking = systemClock.every(CARD_EVERY_MS, () => void look().catch(() => {}))
  try {
    await Promise.all(Array.from({ length: sessions }, (_, at) => converse(at, { edge, recordings, spoken, goesOn })))
    await look()
  } finally {
    stopLooking()
  }
  return spoken
}

interface Talk extends Pick<Scene, 'edge' | 'recordings'> {
  spoken: Spoken
  goesOn: (turns: number) => boolean
}

/** A turn that fails is counted, and the caller calls again. */
async function converse(at: number, { edge, recordings, spoken, goesOn }: Talk): Promise<void> {
  let caller: SpeakingCaller | undefined
  const hangUp = async (): Promise<void> => {
    spoken.degraded += caller?.degraded ?? 0
    await caller?.end()
    caller = undefined
  }
  for (let turn = 0; goesOn(turn); turn++) {
    const question = recordings[(at + turn) % recordings.length]
    try {
      caller ??= await new SpeakingCaller({ ...edge, options: {} }).open()
      spoken.tookMs.push(await ask(caller, question?.pcm ?? new Int16Array(0)))
    } catch (error) {
      spoken.failed.push(error instanceof Error ? error.message : String(error))
      await hangUp()
    }
  }
  await hangUp()
}

async function ask(caller: SpeakingCaller, question: Int16Array): Promise<number> {
  await systemClock.sleep(Math.random() * MAX_PAUSE_MS)
  const { firstAudioAtMs, speechEndedAtMs } = await caller.speak(question)
  return firstAudioAtMs - speechEndedAtMs
}

/** Pure. Of whoever was not answered, or by a simpler engine, the times of the others say nothing. */
export function callRow(facts: Pick<Row, 'measured' | 'engine' | 'target'>, spoken: Spoken): Row {
  return rowOf(spoken.tookMs, { ...facts, earlier: EARLIER.voiceToVoice, failure: failureOf(spoken) })
}

function failureOf({ failed, degraded }: Spoken): string | undefined {
  const [reason] = failed
  const parts = [
    failed.length > 0 && `${failed.length} turns failed (${reason})`,
    degraded > 0 && `${degraded} times degraded`,
  ]
  return parts.filter(Boolean).join(', ') || undefined
}

function cardRow(sessions: number, { peakShare }: Spoken): Row {
  const values = peakShare === undefined ? [] : [peakShare * 100]
  const facts = { measured: `most of the card, ${sessions} at once`, unit: '%', digits: 1, target: TARGETS.vram }
  return rowOf(values, { ...facts, engine: peakShare === undefined ? 'no card' : 'card' })
}
