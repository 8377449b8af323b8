// The endpointer by tables of probabilities, and what holds for any of them.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import { VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { hear, quietAt, samplesOf } from '#gpu-node/turn/hearing/endpointer.ts'
import type { EndpointerEvent, Thresholds } from '#gpu-node/turn/hearing/endpointer.ts'

interface Heard {
  frame: number
  event: EndpointerEvent
}

/** Runs frames through; a frame is 32 ms. */
function listen(probabilities: number[], thresholds: Partial<Thresholds> = {}): Heard[] {
  let state = quietAt(0)
  return probabilities.flatMap((probability, frame) => {
    const step = hear(state, probability, { ...DEFAULT_TURN_OPTIONS, ...thresholds })
    state = step.state
    return step.events.map((event) => ({ frame, event }))
  })
}
const types = (heard: Heard[]): string[] => heard.map(({ event }) => event.type)
const frames = (count: number, probability: number): number[] => Array<number>(count).fill(probability)

describe('speech starts', () => {
  it('[END1] after speechStartMs at or above speechThreshold in a row, with the position of the first such frame', () => {
    const heard = listen([0, 0.4, 0.5, 0.5, 0.5])
    expect(heard).toEqual([{ frame: 3, event: { type: 'started', atSample: 2 * VAD_FRAME_SAMPLES } }])
  })

  it('[END1] not after a shorter run, however often it comes', () => {
    expect(listen(Array.from({ length: 300 }, (_, i) => (i % 2 === 0 ? 1 : 0.4)))).toEqual([])
  })

  it('[END1] at the first frame where speechStartMs is one frame', () => {
    expect(types(listen([0.9], { speechStartMs: 32 }))).toEqual(['started'])
  })

  it('[END4] 10 s of noise below the threshold, with single clicks above it, opens nothing', () => {
    const noise = fc.array(fc.record({ noise: fc.double({ min: 0, max: 0.49, noNaN: true }), isClick: fc.boolean() }), {
      minLength: 313,
      maxLength: 313,
    })
    fc.assert(
      fc.property(noise, (samples) => {
        const probabilities = samples.map(({ noise: level, isClick }, i) => (isClick && i % 3 === 0 ? 0.99 : level))
        expect(listen(probabilities)).toEqual([])
      }),
    )
  })
})

describe('speech ends', () => {
  it('[END2] it goes on above silenceThreshold and does not begin again below speechThreshold', () => {
    // 0.4 keeps it open for as long as it lasts; after a real pause 0.4 is nothing.
    const kept = listen([...frames(3, 1), ...frames(50, 0.4)])
    expect(types(kept)).toEqual(['started', 'insisted'])
    const paused = listen([...frames(3, 1), 0.1, ...frames(50, 0.4)])
    expect(types(paused)).toEqual(['started', 'softEnd', 'hardEnd'])
  })

  it('[END3] a soft end after softEndMs of silence, the hard end after hardEndMs, both counted from the last speech', () => {
    const heard = listen([...frames(4, 1), ...frames(20, 0)])
    // 200 ms are 6.25 frames and 500 ms 15.6: the frame in which they are full counts.
    expect(heard.slice(1)).toEqual([
      { frame: 4 + 6, event: { type: 'softEnd' } },
      {
        frame: 4 + 15,
        event: { type: 'hardEnd', atSample: 20 * VAD_FRAME_SAMPLES, speechEnd: 4 * VAD_FRAME_SAMPLES },
      },
    ])
  })

  it('[END3] speech after a soft end is told, and each pause has a soft end of its own', () => {
    const heard = listen([...frames(3, 1), ...frames(8, 0), ...frames(3, 1), ...frames(20, 0)])
    expect(types(heard)).toEqual(['started', 'softEnd', 'wentOn', 'softEnd', 'hardEnd'])
  })

  it('[END2] a click in a pause does not hold the end back', () => {
    const heard = listen([...frames(4, 1), ...frames(10, 0), 1, ...frames(10, 0)])
    expect(heard.at(-1)).toMatchObject({ frame: 19, event: { type: 'hardEnd', speechEnd: 4 * VAD_FRAME_SAMPLES } })
  })

  it('[END2] no end is called in the middle of a sound that may be speech again', () => {
    const heard = listen([...frames(4, 1), ...frames(14, 0), ...frames(6, 1), 0])
    expect(types(heard)).toEqual(['started', 'softEnd', 'wentOn', 'insisted'])
  })

  it('[END3] a session with the soft end at the hard end has the hard end', () => {
    const heard = listen([...frames(4, 1), ...frames(10, 0)], { softEndMs: 200, hardEndMs: 200 })
    expect(types(heard)).toEqual(['started', 'hardEnd'])
  })
})

describe('speech insists', () => {
  it('[END5] once an utterance, after bargeInMs of speech in all, pauses not counted', () => {
    const heard = listen([...frames(5, 1), ...frames(5, 0), ...frames(20, 1)])
    // 300 ms are ten frames: five before the pause, five after it.
    expect(heard.filter(({ event }) => event.type === 'insisted').map(({ frame }) => frame)).toEqual([14])
  })

  it('[END5] not for a cough', () => {
    expect(types(listen([...frames(6, 1), ...frames(20, 0)]))).not.toContain('insisted')
  })
})

it('[END3] whatever is heard: utterances do not overlap, ends follow starts, positions grow', () => {
  const probabilities = fc.array(fc.constantFrom(0, 0.2, 0.4, 0.6, 1), { maxLength: 400 })
  const thresholds = fc.record({
    softEndMs: fc.integer({ min: 60, max: 300 }),
    hardEndMs: fc.integer({ min: 300, max: 900 }),
    speechStartMs: fc.integer({ min: 32, max: 300 }),
    bargeInMs: fc.integer({ min: 60, max: 600 }),
  })
  fc.assert(
    fc.property(probabilities, thresholds, (sequence, chosen) => {
      let isOpen = false
      let position = 0
      for (const { event, frame } of listen(sequence, chosen)) {
        expect(isOpen).toBe(event.type !== 'started')
        isOpen = event.type !== 'hardEnd'
        if (event.type === 'started') {
          expect(event.atSample).toBeGreaterThanOrEqual(position)
          position = event.atSample
        }
        if (event.type !== 'hardEnd') continue
        expect(event.atSample).toBe((frame + 1) * VAD_FRAME_SAMPLES)
        expect(event.speechEnd).toBeGreaterThan(position)
        expect(event.atSample - event.speechEnd).toBeGreaterThanOrEqual(samplesOf(chosen.hardEndMs))
        position = event.atSample
      }
    }),
  )
})

describe('a pause', () => {
  it('[END2] is over with exactly 64 ms of speech in a row, and not with less', () => {
    const before = [...frames(10, 1), ...frames(8, 0)]
    expect(types(listen([...before, 1]))).toEqual(['started', 'insisted', 'softEnd'])
    const heard = listen([...before, 1, 1])
    expect(types(heard)).toEqual(['started', 'insisted', 'softEnd', 'wentOn'])
    expect(heard.at(-1)?.frame).toBe(before.length + 1)
  })
})

describe('at the very threshold', () => {
  it('[END2] a frame of exactly silenceThreshold keeps speech open, one of exactly speechThreshold ends a pause', () => {
    const { silenceThreshold, speechThreshold } = DEFAULT_TURN_OPTIONS
    expect(types(listen([...frames(3, 1), ...frames(50, silenceThreshold)]))).not.toContain('softEnd')
    const resumed = listen([...frames(3, 1), ...frames(10, 0), ...frames(50, speechThreshold)])
    expect(types(resumed)).toEqual(['started', 'softEnd', 'wentOn', 'insisted'])
  })

  it('[END5] speech insists with the very frame that makes bargeInMs', () => {
    const heard = listen(frames(10, 1), { bargeInMs: 4 * 32 })
    expect(heard.find(({ event }) => event.type === 'insisted')?.frame).toBe(3)
  })
})
