// The proof that the loop works: one question, spoken by the embedded voice, sent as real-time audio through /ws/chat.
// Used by `parley start`; fails with a reason that says which part did not answer.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readWav } from '#shared/audio/wav.ts'
import { systemClock } from '#shared/clock.ts'
import { createVirtualSpeaker } from '#shared/client/virtual-speaker.ts'
import { PROGRAM_FLAGS } from '#shared/on-node/program-flags.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { DEFAULT_AUDIO_FORMAT } from '#shared/protocol/session-messages.ts'
import { openCall } from './call.ts'
import type { SpokenTurn } from './turn-watch.ts'
import { enginesLine } from './engines-line.ts'
import { runToEnd } from './run-to-end.ts'
import { GPU_NODE } from './speak.ts'
import { timingsLine } from './timings.ts'

export const SELF_CHECK_QUESTION = 'What is your name?'
/** Nobody listens to the reply, so it need not be played at the pace of life; the question is spoken at it. */
const PLAYED_TIMES_FASTER = 16
/** Below this root mean square a reply counts as silence: -60 dB of full scale. */
const SILENCE_RMS = 33

export interface SelfCheck {
  question: string
  turn: SpokenTurn
  engines: string
  line: string
}

/**
 * Speaks `question` (PCM16 mono at 16 kHz) and returns the turn. Throws an Error with a clear reason where any part of the loop is
 * missing.
 */
export async function selfCheck(url: string, key: string, question: Int16Array): Promise<SelfCheck> {
  let engines = ''
  const onMessage = (message: ChatDown): void => {
    if (message.type === 'session.ready') engines = enginesLine(message.engines)
  }
  const fastClock = { now: () => systemClock.now() * PLAYED_TIMES_FASTER }
  const speaker = createVirtualSpeaker(fastClock, DEFAULT_AUDIO_FORMAT.outputRate)
  const call = await openCall({ url, key, clock: systemClock, onMessage, speaker })
  try {
    const turn = (await call.speak(question)).at(-1)
    if (turn === undefined) throw new Error('no speech was recognised in the spoken question')
    if (turn.status !== 'complete') throw new Error(`the turn ended as ${turn.status}`)
    if (turn.transcript === '') throw new Error('the transcript is empty')
    if (turn.reply === '') throw new Error('the reply is empty')
    if (rms(call.heard()) < SILENCE_RMS) throw new Error('no reply audio was heard')
    return { question: SELF_CHECK_QUESTION, turn, engines, line: timingsLine(turn) }
  } finally {
    await call.end()
  }
}

/** What is asked, by the embedded voice. */
export async function speakQuestion(): Promise<Int16Array> {
  const folder = mkdtempSync(join(tmpdir(), 'parley-'))
  try {
    const file = join(folder, 'question.wav')
    await runToEnd(process.execPath, [...PROGRAM_FLAGS, GPU_NODE, 'speak', SELF_CHECK_QUESTION, '--out', file])
    return readWav(readFileSync(file)).samples
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function rms(pcm: Int16Array): number {
  let sum = 0
  for (const sample of pcm) sum += sample * sample
  return Math.sqrt(sum / Math.max(1, pcm.length))
}
