// The loudspeaker of time against one that is moved sample by sample, and the microphone of recorded audio.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sendInRealTime } from '#shared/client/real-time.ts'
import { createVirtualSpeaker } from '#shared/client/virtual-speaker.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const SAMPLES_PER_MS = 8

/** The plainest loudspeaker there is. */
class NaiveSpeaker {
  queue: Array<{ reply: number; sample: number }> = []
  heard: number[] = []
  played = 0
  #reply = 0
  #isPaused = false

  play(pcm: Int16Array, reply: number): void {
    if (reply !== this.#reply) this.played = 0
    this.#reply = reply
    for (const sample of pcm) this.queue.push({ reply, sample })
  }
  pause(): void {
    this.#isPaused = true
  }
  resume(): void {
    this.#isPaused = false
  }
  clear(): void {
    this.queue = []
    this.#isPaused = false
  }
  pass(ms: number): void {
    for (let i = 0; i < ms * SAMPLES_PER_MS && !this.#isPaused; i++) {
      const next = this.queue.shift()
      if (next === undefined) return
      this.heard.push(next.sample)
      if (next.reply === this.#reply) this.played++
    }
  }
}

const step = fc.oneof(
  fc.record({
    do: fc.constant('play' as const),
    pcm: fc.int16Array({ maxLength: 100 }),
    reply: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ do: fc.constantFrom('pause' as const, 'resume' as const, 'clear' as const) }),
  fc.record({ do: fc.constant('pass' as const), ms: fc.nat(20) }),
)

describe('the virtual speaker', () => {
  it('[PLY7] has heard at each moment what time alone makes audible', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40, size: 'max' }), async (steps) => {
        const clock = createVirtualClock(0)
        const [speaker, naive] = [createVirtualSpeaker(clock, SAMPLES_PER_MS * 1000), new NaiveSpeaker()]
        for (const each of steps) {
          if (each.do === 'play') for (const one of [speaker, naive]) one.play(each.pcm, each.reply)
          else if (each.do === 'pass') {
            await clock.advance(each.ms)
            naive.pass(each.ms)
          } else for (const one of [speaker, naive]) one[each.do]()
          expect(speaker.playedSamples()).toBe(naive.played)
          expect(speaker.remainingMs()).toBe(naive.queue.length / SAMPLES_PER_MS)
        }
        expect([...speaker.heard()]).toEqual(naive.heard)
      }),
    )
  })

  it('[PLY7] loses nothing to rounding at a rate that is no whole number of samples a millisecond', async () => {
    const clock = createVirtualClock(0)
    const speaker = createVirtualSpeaker(clock, 22_050)
    speaker.play(new Int16Array(22_050), 1)
    for (let ms = 0; ms < 500; ms++) {
      await clock.advance(1)
      speaker.playedSamples()
    }
    expect(speaker.playedSamples()).toBeCloseTo(11_025, -1)
  })

  it('[PLY7] does not make silence good later', async () => {
    const clock = createVirtualClock(0)
    // One and a half samples a millisecond.
    const speaker = createVirtualSpeaker(clock, 1_500)
    await clock.advance(1)
    speaker.play(Int16Array.of(1, 2, 3), 1)
    await clock.advance(1)
    expect(speaker.playedSamples()).toBe(1)
    await clock.advance(1)
    expect(speaker.playedSamples()).toBe(3)
  })
})

describe('sendInRealTime', () => {
  const pcm = Int16Array.from({ length: 16_000 }, (_, i) => i)

  it('[PLY8] sends 20 ms every 20 ms, all of it in order, and no time is lost over a minute', async () => {
    const clock = createVirtualClock(0)
    const sentAt: number[] = []
    const sent: number[] = []
    const sending = sendInRealTime(pcm, 16_000, {
      clock,
      send: (frame) => {
        sentAt.push(clock.now())
        sent.push(...frame)
      },
    })
    await clock.advance(1_000)
    await sending
    expect(sent).toEqual([...pcm])
    expect(sentAt).toEqual(Array.from({ length: 50 }, (_, i) => i * 20))
  })

  it('[PLY8] makes a late timer good', async () => {
    const clock = createVirtualClock(0)
    const sentAt: number[] = []
    // This machine wakes 7 ms late, each time.
    const late = { ...clock, sleep: (ms: number) => clock.sleep(ms + 7) }
    const sending = sendInRealTime(pcm.subarray(0, 8_000), 16_000, {
      clock: late,
      send: () => sentAt.push(clock.now()),
    })
    await clock.advance(1_000)
    await sending
    expect(sentAt.slice(1)).toEqual(Array.from({ length: 24 }, (_, i) => (i + 1) * 20 + 7))
  })

  it('[PLY8] stops when it is told to', async () => {
    const clock = createVirtualClock(0)
    const stop = new AbortController()
    let frames = 0
    const sending = sendInRealTime(pcm, 16_000, { clock, send: () => frames++, signal: stop.signal })
    await clock.advance(100)
    stop.abort('hangUp')
    await clock.advance(100)
    await sending
    expect(frames).toBe(6)
  })
})
