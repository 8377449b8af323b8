// Bench: from the last sample that a caller spoke to the first reply audio at his client, through caller, edge and GPU node in
// three processes over loopback, with more and more sessions until it breaks. STT, LLM and TTS are of known delays and cost
// nothing; the VAD is the product's own or, beside it, one that costs nothing. What is left is ours: the overhead.
//
//   speech ends ─ silence + VAD lag ─► hard end ─ its frame fills ─► may leave ─ uplink ─► at the node ─ engines + node ─► heard
//
// The caller's audio is counted by the microphone's own pace, so a late timer of ours is overhead, and so is a late timer of the
// engines. All times are CLOCK_MONOTONIC of the one machine (monotonic.ts).
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'
import { systemClock } from '#shared/clock.ts'
import type { Mark } from './arrival-marks.ts'
import { startChild, type BenchChild, type Usage } from './child.ts'
import type { EdgeFacts } from './edge-process.ts'
import { generateRecordings } from './engines/recordings.ts'
import type { EngineDelays, NodeSettings } from './node-process.ts'
import type { Report } from './report.ts'
import { SpeakingCaller, type CalledTurn } from './speaking-caller.ts'
import {
  hardEndMs,
  MIN_TURNS_FOR_P99,
  criticalPathMs,
  voiceReport,
  whyBroken,
  type Cost,
  type Played,
  type Split,
  type VoiceScene,
} from './voice-report.ts'

export interface VoiceLoad {
  delays: EngineDelays
  /** How long a reply sounds. */
  replyMs: number
  /** Of one VAD, in order; after one that breaks, those with more sessions are left out. */
  scenes: VoiceScene[]
  /** Turns of one session that are not counted: the programs compile their code in them. */
  warmUpTurns: number
}

const SESSIONS = [1, 5, 10, 20, 40, 80]
/** Of scenes with so few sessions that p99 would take an hour. */
const TURNS_OF_FEW = 12
const turnsFor = (sessions: number): number => (sessions < 10 ? TURNS_OF_FEW : Math.ceil(MIN_TURNS_FOR_P99 / sessions))
const ladder = (vad: VoiceScene['vad']): VoiceScene[] => [
  { vad, sessions: 10, speculation: false, turnsPerSession: turnsFor(10) },
  ...SESSIONS.map((sessions) => ({ vad, sessions, speculation: true, turnsPerSession: turnsFor(sessions) })),
]
const DELAYS: EngineDelays = { sttMs: 100, llmMs: 50, ttsMs: 100 }
const REPLY_MS = 3_000
export const VOICE_FULL: VoiceLoad = {
  delays: DELAYS,
  replyMs: REPLY_MS,
  scenes: [...ladder('scripted'), ...ladder('real')],
  warmUpTurns: 8,
}
export const VOICE_SHORT: VoiceLoad = {
  delays: DELAYS,
  replyMs: REPLY_MS,
  scenes: VOICE_FULL.scenes
    .filter(({ sessions, speculation }) => speculation && (sessions === 1 || sessions === 10))
    .map((scene) => ({ ...scene, turnsPerSession: 4 })),
  warmUpTurns: 2,
}

/** Loud enough for the scripted VAD, every sample of it, so that the end of speech is known to the sample. */
const SPEECH_AMPLITUDE = 8_000
const SPEECH_MS = 500
/** Steps that are no multiple of a frame's length: speech then ends at every place in a frame and in a VAD frame. */
const SPEECH_STEP_MS = 13
const SPEECH_STEPS = 16
/** Between a reply and the next question, so that sessions do not fall into step. */
const MAX_PAUSE_MS = 400
const MS_PER_MINUTE = 60_000

interface Programs {
  edge: BenchChild<EdgeFacts>
  node: BenchChild<object>
}

export async function benchVoiceToVoice(load: VoiceLoad): Promise<Report> {
  const { delays, replyMs, scenes, warmUpTurns } = load
  // A story is a question like any other, only longer.
  const speech = (await generateRecordings()).filter(({ text }) => !text.includes('story')).map(({ pcm }) => pcm)
  const played: Played[] = []
  const broke: string[] = []
  for (const vad of ['scripted', 'real'] as const) {
    const ofVad = scenes.filter((scene) => scene.vad === vad)
    if (ofVad.length === 0) continue
    const edge = await startChild<EdgeFacts>('./edge-process.ts', {})
    try {
      const slots = Math.max(...ofVad.map(({ sessions }) => sessions))
      const settings: NodeSettings = {
        edgeUrl: edge.facts.url,
        token: edge.facts.nodeToken,
        slots,
        scripted: { delays, replyMs, vad },
      }
      const node = await startChild<object>('./node-process.ts', settings)
      try {
        const world = { edge, node, delays, say: vad === 'real' ? speech : undefined }
        await play({ vad, sessions: 1, speculation: false, turnsPerSession: warmUpTurns }, world)
        for (const scene of ofVad) {
          const one = await play(scene, world)
          played.push(one)
          const why = whyBroken(one)
          if (why === undefined) continue
          broke.push(`${vad} VAD: broke at ${scene.sessions} sessions: ${why}`)
          break
        }
      } finally {
        await node.stop()
      }
    } finally {
      await edge.stop()
    }
  }
  return voiceReport(played, delays, broke)
}

/** All sessions speak at once, each turn by turn at its own pace. One that fails ends the scene. */
async function play(
  scene: VoiceScene,
  world: Programs & { delays: EngineDelays; say: Int16Array[] | undefined },
): Promise<Played> {
  const { edge, node, delays } = world
  const callers: SpeakingCaller[] = []
  const turns: CalledTurn[][] = []
  let broke: string | undefined
  await node.ask('marks')
  const before = { edge: await edge.usage(), node: await node.usage() }
  const startedAt = performance.now()
  try {
    // One after the other: the node's marks are then in the order of the callers.
    for (let i = 0; i < scene.sessions; i++)
      callers.push(await new SpeakingCaller({ ...edge.facts, options: { speculation: scene.speculation } }).open())
    for (const _ of callers) turns.push([])
    await Promise.all(callers.map((caller, i) => converse(caller, scene, { say: world.say, into: turns[i] ?? [] })))
  } catch (error) {
    broke = error instanceof Error ? error.message : String(error)
  }
  const sessionMinutes = (scene.sessions * (performance.now() - startedAt)) / MS_PER_MINUTE
  const after = { edge: await edge.usage(), node: await node.usage() }
  const marks = await node.ask<Mark[][]>('marks')
  await Promise.allSettled(callers.map((caller) => caller.end()))
  const enginesMs = criticalPathMs({ delays, speculation: scene.speculation })
  const splits = callers.flatMap((caller, i) =>
    (turns[i] ?? []).map((turn) => split({ caller, turn, marks: marks[i] ?? [], enginesMs })),
  )
  const cost = (was: Usage, is: Usage): Cost => ({
    cpuMsPerSessionMinute: (is.cpuMs - was.cpuMs) / sessionMinutes,
    rssBytes: is.rssBytes,
  })
  return { scene, splits, broke, edge: cost(before.edge, after.edge), node: cost(before.node, after.node) }
}

async function converse(
  caller: SpeakingCaller,
  { turnsPerSession }: VoiceScene,
  { say, into }: { say: Int16Array[] | undefined; into: CalledTurn[] },
): Promise<void> {
  for (let i = 0; i < turnsPerSession; i++) {
    await systemClock.sleep(Math.random() * MAX_PAUSE_MS)
    into.push(await caller.speak(say?.[i % say.length] ?? tone(i)))
  }
}

function tone(turn: number): Int16Array {
  const ms = SPEECH_MS + (turn % SPEECH_STEPS) * SPEECH_STEP_MS
  return new Int16Array((ms * ENGINE_INPUT_RATE) / 1000).fill(SPEECH_AMPLITUDE)
}

function split(one: { caller: SpeakingCaller; turn: CalledTurn; marks: Mark[]; enginesMs: number }): Split {
  const { caller, turn, marks, enginesMs } = one
  const { hardEndSample, speechEndSample, speechEndedAtMs, firstAudioAtMs } = turn
  const mark = marks.find(({ atSample }) => atSample === hardEndSample)
  if (!mark) throw new Error('the node has no mark for the hard end that it told')
  const frameAtMs = caller.frameAtMs(hardEndSample)
  return {
    totalMs: firstAudioAtMs - speechEndedAtMs,
    vadLagMs: ((hardEndSample - speechEndSample) * 1000) / ENGINE_INPUT_RATE - hardEndMs,
    fillMs: frameAtMs - caller.spokenAtMs(hardEndSample),
    uplinkMs: mark.arrivedAtMs - frameAtMs,
    nodeMs: firstAudioAtMs - mark.arrivedAtMs - enginesMs,
  }
}
