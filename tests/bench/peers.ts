// Bench: the same work through Parley, Pipecat and LiveKit Agents, side by side in one run: callers with paced microphones speak, the
// silence ends their turn, engines of the same known delays answer. With each system's own Silero on real speech, and with one that
// only looks for loudness, so that the rest is seen. The systems take turns, so that none has the quieter machine.
//
// Where the peers' environment is missing, only Parley's rows are there: `npm run bench -- peers --make` adds it.
import { systemClock } from '#shared/clock.ts'
import { findPeers, MAKE_PEERS, makePeers, type PeersEnvironment } from '#tests/tooling/peers-environment.ts'
import { findPython } from '#tests/tooling/machine.ts'
import { generateRecordings } from './engines/recordings.ts'
import { MICROPHONE_RATE } from './microphone.ts'
import { PARLEY, peersIn, type Caller, type Contender, type Running, type Work } from './peers/contender.ts'
import { peersReport, whyBroken, type Contest, type PeersScene } from './peers/peers-report.ts'
import type { Report } from './report.ts'
import { hardEndMs, MIN_TURNS_FOR_P99 } from './voice-report.ts'

export interface PeersLoad extends Pick<Work, 'delays' | 'replyMs'> {
  /** Of one VAD, in order; after one that breaks a system, it is left out of those with more sessions. */
  scenes: PeersScene[]
  /** Turns of one session of each system that are not counted. */
  warmUpTurns: number
}

const VADS = ['scripted', 'real'] as const
const DELAYS = { sttMs: 100, llmMs: 50, ttsMs: 100 }
const REPLY_MS = 3_000
const SESSIONS = [1, 5, 10, 20, 40]
/** Of one session where so few speak that 600 turns would take an hour. */
const TURNS_OF_FEW = 24
const ROUNDS = 2

/** `turns`: of all sessions of a scene together; without it as many as its quantiles need. */
export function peersFull(sessions: number[] = SESSIONS, turns?: number): PeersLoad {
  const turnsFor = (count: number): number =>
    turns === undefined && count < 10 ? TURNS_OF_FEW : Math.ceil((turns ?? MIN_TURNS_FOR_P99) / count)
  const scenes = VADS.flatMap((vad) =>
    sessions.map((count) => ({ vad, sessions: count, turnsPerSession: turnsFor(count) })),
  )
  return { delays: DELAYS, replyMs: REPLY_MS, scenes, warmUpTurns: 4 }
}
export const PEERS_SHORT: PeersLoad = { ...peersFull([1, 2], 4), warmUpTurns: 1 }

/** Loud enough for the scripted VAD, every sample of it. */
const SPEECH_AMPLITUDE = 8_000
const SPEECH_MS = 500
/** Steps that are no multiple of a frame's length: speech then ends at every place in a frame and in a VAD window. */
const SPEECH_STEP_MS = 13
const SPEECH_STEPS = 16
/** Between a reply and the next question; a turn of before is then over for everybody. */
const MIN_PAUSE_MS = 200
const MAX_PAUSE_MS = 600
/** Calls do not begin at once: over so much time, so that the turns of sessions do not fall into step. */
const BEGIN_WITHIN_MS = 4_000
const MS_PER_MINUTE = 60_000

/** One system that runs. */
interface Seat {
  contender: Contender
  running: Running
}

export async function benchPeers(
  load: PeersLoad,
  peers: PeersEnvironment | 'missing' = findPeers() ?? 'missing',
): Promise<Report> {
  const contenders = [PARLEY, ...(peers === 'missing' ? [] : peersIn(peers))]
  // A story is a question like any other, only longer.
  const speech = (await generateRecordings()).filter(({ text }) => !text.includes('story')).map(({ pcm }) => pcm)
  const terms = { delays: load.delays, silenceMs: hardEndMs }
  const contests: Contest[] = []
  const notes =
    peers === 'missing'
      ? [`Pipecat and LiveKit Agents are left out: their environment is missing; ${MAKE_PEERS} makes it.`]
      : []
  for (const vad of VADS) {
    const scenes = load.scenes.filter((scene) => scene.vad === vad)
    if (scenes.length === 0) continue
    const work: Work = { vad, ...load, ...terms, sessions: Math.max(...scenes.map(({ sessions }) => sessions)) }
    const say = vad === 'real' ? speech : Array.from({ length: SPEECH_STEPS }, (_, step) => tone(step))
    let seats: Seat[] = []
    try {
      for (const contender of contenders) seats.push({ contender, running: await contender.start(work) })
      const warmUp = { vad, sessions: 1, turnsPerSession: load.warmUpTurns }
      await Promise.all(seats.map(({ running }) => play(running, warmUp, { say, into: emptyContest('') })))
      for (const scene of scenes) {
        const played = await contest(seats, scene, say)
        contests.push(...played)
        for (const one of played) {
          const why = whyBroken(one, terms)
          if (why === undefined) continue
          notes.push(`${vad} VAD: ${one.name} broke at ${scene.sessions} sessions: ${why}`)
          await seats.find(({ contender }) => contender.name === one.name)?.running.stop()
          seats = seats.filter(({ contender }) => contender.name !== one.name)
        }
      }
    } finally {
      for (const { running } of seats) await running.stop()
    }
  }
  return peersReport(contests, terms, notes)
}

/** Makes the peers' environment; returns what to say of it. Throws an Error where it cannot. */
export async function preparePeers(tell: (line: string) => void): Promise<string> {
  const python = findPython()
  if (python === undefined) throw new Error('no python3 with venv: apt-get install python3-venv')
  tell('making the environment of Pipecat and LiveKit Agents, 760 MB …')
  if (!(await makePeers(python))) throw new Error('the environment could not be made whole')
  return 'The environment of Pipecat and LiveKit Agents is there: npm run bench -- peers'
}

/** Each system plays its part of the scene, in one order and then in the other. */
async function contest(seats: readonly Seat[], scene: PeersScene, say: readonly Int16Array[]): Promise<Contest[]> {
  const contests = seats.map(({ contender }) => emptyContest(contender.name, scene))
  for (let round = 0; round < ROUNDS; round++) {
    const order = seats.map((seat, at) => ({ seat, into: contests[at] }))
    const turnsPerSession = Math.ceil(scene.turnsPerSession / ROUNDS)
    for (const { seat, into } of round % 2 === 0 ? order : order.toReversed())
      if (into) await play(seat.running, { ...scene, turnsPerSession }, { say, into })
  }
  return contests
}

/** All sessions speak at once, each turn by turn at its own pace. One that gets no reply ends its session. */
async function play(
  running: Running,
  { sessions, turnsPerSession }: PeersScene,
  { say, into }: { say: readonly Int16Array[]; into: Contest },
): Promise<void> {
  const callers: Caller[] = []
  try {
    for (let i = 0; i < sessions; i++) callers.push(await running.call())
    const before = await running.usage()
    const startedAt = performance.now()
    await Promise.all(
      callers
        .map(async (caller, session) => {
          await systemClock.sleep((BEGIN_WITHIN_MS * session) / sessions)
          for (let turn = 0; turn < turnsPerSession; turn++) {
            await systemClock.sleep(MIN_PAUSE_MS + Math.random() * (MAX_PAUSE_MS - MIN_PAUSE_MS))
            const { speechEndedAtMs, firstAudioAtMs } = await caller.speak(
              say[(session + turn) % say.length] ?? tone(turn),
            )
            into.totalMs.push(firstAudioAtMs - speechEndedAtMs)
          }
        })
        .map((talk) => talk.catch((error: unknown) => void into.lost.push(String(error)))),
    )
    const after = await running.usage()
    into.cpuMs += after.cpuMs - before.cpuMs
    into.rssBytes = after.rssBytes
    into.sessionMinutes += (sessions * (performance.now() - startedAt)) / MS_PER_MINUTE
  } catch (error) {
    // A session could not even begin.
    into.lost.push(String(error))
  } finally {
    await Promise.allSettled(callers.map((caller) => caller.end()))
  }
}

function emptyContest(name: string, scene: PeersScene = { vad: 'scripted', sessions: 1, turnsPerSession: 0 }): Contest {
  return { name, scene, totalMs: [], lost: [], cpuMs: 0, sessionMinutes: 0, rssBytes: 0 }
}

function tone(step: number): Int16Array {
  const ms = SPEECH_MS + step * SPEECH_STEP_MS
  return new Int16Array((ms * MICROPHONE_RATE) / 1000).fill(SPEECH_AMPLITUDE)
}
