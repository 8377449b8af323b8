// Playing replies: what is heard, what is told of it and when, through barge-ins, interruptions and lost sessions.
import { beforeEach, describe, expect, it } from 'vitest'
import { createPlayback, type Playback } from '#shared/client/playback.ts'
import { createVirtualSpeaker, type VirtualSpeaker } from '#shared/client/virtual-speaker.ts'
import type { TurnId } from '#shared/ids.ts'
import type { TurnStatus } from '#shared/model/turn.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { createVirtualClock, type VirtualClock } from '#tests/fakes/virtual-clock.ts'
import { doneMessage, readyMessage } from './messages.ts'

const RATE = 24_000
const ONE: TurnId = 'trn_one'
const TWO: TurnId = 'trn_two'

let clock: VirtualClock
let speaker: VirtualSpeaker
let playback: Playback
let told: Array<[TurnId, number]>
let toldAt: number[]

beforeEach(() => {
  clock = createVirtualClock(0)
  speaker = createVirtualSpeaker(clock, RATE)
  told = []
  toldAt = []
  const onProgress = (turnId: TurnId, playedSamples: number): void => {
    told.push([turnId, playedSamples])
    toldAt.push(clock.now())
  }
  playback = createPlayback({ clock, speaker, onProgress })
})

/** That many milliseconds of samples of this value. */
const tone = (ms: number, value = 1): Int16Array => new Int16Array((RATE * ms) / 1000).fill(value)
const samples = (ms: number): number => (RATE * ms) / 1000

function start(turnId: TurnId, turn: number): void {
  playback.message({ type: 'reply.started', seq: 1, turnId, turn })
}
const pause = (turnId: TurnId): void => playback.message({ type: 'reply.paused', seq: 1, turnId })
const resume = (turnId: TurnId): void => playback.message({ type: 'reply.resumed', seq: 1, turnId })
const done = (turnId: TurnId, status: TurnStatus): void => playback.message(doneMessage(turnId, { status }))
const heardMs = (): number => (speaker.heard().length * 1000) / RATE

describe('a reply', () => {
  it('[PLY1] is played as it comes, and only the audio of the reply that was announced', async () => {
    playback.audio(1, tone(100, 9))
    start(ONE, 1)
    playback.audio(1, tone(100, 1))
    playback.audio(2, tone(100, 9))
    playback.audio(1, tone(100, 2))
    await clock.advance(500)
    expect(speaker.heard()).toEqual(Int16Array.of(...tone(100, 1), ...tone(100, 2)))
  })

  it('[PLY2] is told of every 200 ms while it sounds, once more when it has all been heard, and then no more', async () => {
    start(ONE, 1)
    playback.audio(1, tone(500))
    await clock.advance(5_000)
    expect(told).toEqual([
      [ONE, samples(200)],
      [ONE, samples(400)],
      [ONE, samples(500)],
    ])
    expect(toldAt).toEqual([200, 400, 600])
    expect(clock.pending).toBe(0)
  })

  it('[PLY2] is told of again when more audio comes after a pause of the node', async () => {
    start(ONE, 1)
    playback.audio(1, tone(100))
    await clock.advance(1_000)
    playback.audio(1, tone(100))
    await clock.advance(1_000)
    expect(told).toEqual([
      [ONE, samples(100)],
      [ONE, samples(200)],
    ])
  })

  it('[PLY3] falls silent at once when it is paused, which is told at once, and goes on with the first unheard sample', async () => {
    start(ONE, 1)
    playback.audio(
      1,
      Int16Array.from(tone(300), (_, i) => i),
    )
    await clock.advance(130)
    pause(ONE)
    expect(told).toEqual([[ONE, samples(130)]])
    await clock.advance(3_000)
    expect(heardMs()).toBe(130)
    expect(told).toHaveLength(1)
    resume(ONE)
    await clock.advance(1_000)
    expect(speaker.heard()).toEqual(Int16Array.from(tone(300), (_, i) => i))
    expect(told.at(-1)).toEqual([ONE, samples(300)])
  })

  it('[PLY4] plays to its end when it is complete', async () => {
    start(ONE, 1)
    playback.audio(1, tone(300))
    await clock.advance(100)
    done(ONE, 'complete')
    await clock.advance(1_000)
    expect(heardMs()).toBe(300)
  })

  it.each(['interrupted', 'failed', 'cut'] as const)(
    '[PLY4] is silent at once when it is %s, and what was heard is told',
    async (status) => {
      start(ONE, 1)
      playback.audio(1, tone(300))
      await clock.advance(150)
      done(ONE, status)
      expect(told).toEqual([[ONE, samples(150)]])
      playback.audio(1, tone(300))
      await clock.advance(1_000)
      expect(heardMs()).toBe(150)
      expect(clock.pending).toBe(0)
    },
  )

  it('[PLY4] that was paused and then interrupted leaves the next one audible', async () => {
    start(ONE, 1)
    playback.audio(1, tone(300))
    await clock.advance(100)
    pause(ONE)
    done(ONE, 'interrupted')
    start(TWO, 2)
    playback.audio(2, tone(200))
    await clock.advance(1_000)
    expect(heardMs()).toBe(300)
    expect(told.at(-1)).toEqual([TWO, samples(200)])
  })

  it('[PLY5] of which nothing has come yet is not told of, whatever another one has played', async () => {
    start(ONE, 1)
    playback.audio(1, tone(100))
    await clock.advance(1_000)
    done(ONE, 'complete')
    told.length = 0
    start(TWO, 2)
    pause(TWO)
    done(TWO, 'interrupted')
    await clock.advance(1_000)
    expect(told).toEqual([])
  })

  it('[PLY5] counts its own samples only, also behind the rest of another', async () => {
    start(ONE, 1)
    playback.audio(1, tone(300))
    done(ONE, 'complete')
    start(TWO, 2)
    playback.audio(2, tone(200))
    await clock.advance(400)
    expect(told).toEqual([[TWO, samples(100)]])
    await clock.advance(400)
    expect(told.at(-1)).toEqual([TWO, samples(200)])
  })

  it('[PLY5] messages about another turn change nothing', async () => {
    start(TWO, 2)
    playback.audio(2, tone(200))
    pause(ONE)
    done(ONE, 'interrupted')
    await clock.advance(1_000)
    expect(heardMs()).toBe(200)
  })
})

describe('a session', () => {
  it('[PLY6] that takes the place of a lost one silences it, paused or not, and its own first turn is counted anew', async () => {
    start(ONE, 1)
    playback.audio(1, tone(2_000))
    await clock.advance(100)
    pause(ONE)
    playback.message(readyMessage())
    start(TWO, 1)
    playback.audio(1, tone(200))
    await clock.advance(1_000)
    expect(heardMs()).toBe(300)
    expect(told.at(-1)).toEqual([TWO, samples(200)])
  })

  it('[PLY6] that is over leaves neither sound nor timer', async () => {
    start(ONE, 1)
    playback.audio(1, tone(2_000))
    await clock.advance(100)
    playback.close()
    await clock.advance(1_000)
    expect(heardMs()).toBe(100)
    expect(clock.pending).toBe(0)
  })

  it('[PLY6] says other things that are none of a reply’s', () => {
    const other: ChatDown[] = [
      { type: 'session.notice', seq: 1, notice: 'degraded' },
      { type: 'transcript.final', seq: 2, turnId: ONE, text: 'hello', language: 'en' },
    ]
    for (const message of other) playback.message(message)
    expect(told).toEqual([])
  })
})
