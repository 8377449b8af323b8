// Sockets break in the middle of an utterance and in the middle of a reply: nothing of it is lost or comes twice.
import { describe, expect, vi } from 'vitest'
import { concatPcm } from '#shared/audio/pcm.ts'
import { it, type CallFixture } from './call-test.ts'
import type { CallWorld } from './call-world.ts'
import { expectRamp, ramp, rampSample } from './ramp.ts'
import type { TestCaller } from './test-caller.ts'

const RATE = 16_000
const OUTPUT_RATE = 24_000
const REPLY = 'One two three four five.'

interface Call {
  world: CallWorld
  caller: TestCaller
  /** What the recogniser was given, in order. */
  recognised: Int16Array[]
  /** What the ear of the session was given, in order. */
  listened: Float32Array[]
}

async function call(start: CallFixture['start']): Promise<Call> {
  const recognised: Int16Array[] = []
  const listened: Float32Array[] = []
  const world = await start({
    nodes: [
      {
        vad: {
          probability: (_frame, samples) => {
            listened.push(samples)
            return samples.some((sample) => Math.abs(sample) > 0.05) ? 1 : 0
          },
        },
        stt: { utterances: ['count to seven'], onAudio: (pcm) => recognised.push(pcm) },
        llm: { replies: [REPLY] },
        tts: { msPerChar: 60, sampleAt: rampSample },
      },
    ],
  })
  recognised.length = 0
  listened.length = 0
  const caller = await world.caller()
  await caller.ready()
  return { world, caller, recognised, listened }
}

const ENDS = [
  { whose: 'the caller’s', cut: (world: CallWorld) => world.wires.cut('/ws/chat') },
  { whose: 'the node’s', cut: (world: CallWorld) => world.nodes[0]?.wires.cut('/node/session') ?? 0 },
  {
    whose: 'each',
    cut: (world: CallWorld) => Math.min(world.wires.cut('/ws/chat'), world.nodes[0]?.wires.cut('/node/session') ?? 0),
  },
]

/** Resolves once the end whose socket was cut is there again. */
async function back(world: CallWorld): Promise<void> {
  await vi.waitFor(
    () => {
      expect(world.wires.open('/ws/chat')).toBe(1)
      expect(world.nodes[0]?.wires.open('/node/session')).toBe(1)
    },
    { timeout: 10_000 },
  )
}

describe.concurrent.each(ENDS)('$whose socket', ({ cut }) => {
  it('[CAL6] may break in an utterance, twice: every sample reaches ear and recogniser, once', async ({ start }) => {
    const { world, caller, ...node } = await call(start)
    const spoken = ramp(RATE * 2)
    const speak = (from: number, to: number): void => caller.pcm(spoken.subarray(from * RATE, to * RATE))
    speak(0, 0.5)
    await caller.next('utterance.started')
    speak(0.5, 0.8)
    expect(cut(world)).toBe(1)
    speak(0.8, 1.2)
    await back(world)
    speak(1.2, 1.6)
    expect(cut(world)).toBe(1)
    speak(1.6, 2)
    caller.silence(600)
    const done = await caller.next('reply.done')
    expect(done).toMatchObject({ status: 'complete', replyText: REPLY })
    expect(caller.of('transcript.final').map(({ text }) => text)).toEqual(['count to seven'])
    const loud = (pcm: Int16Array): Int16Array => pcm.filter((sample) => sample !== 0)
    expect(loud(concatPcm(node.recognised))).toEqual(spoken)
    const heard = Int16Array.from(node.listened.flatMap((frame) => Array.from(frame, (sample) => sample * 32_768)))
    expect(loud(heard)).toEqual(spoken)
  })

  it('[CAL7] may break in a reply, twice: every sample and every word reaches the caller, once', async ({ start }) => {
    const { world, caller } = await call(start)
    caller.ask()
    await caller.next('reply.text')
    await caller.received(OUTPUT_RATE / 10)
    expect(cut(world)).toBe(1)
    await back(world)
    expect(cut(world)).toBe(1)
    const done = await caller.next('reply.done')
    expect(done).toMatchObject({ status: 'complete', heardText: REPLY })
    expect(caller.audio()).toHaveLength(done.sentSamples)
    expectRamp(caller.audio())
    expect(
      caller
        .of('reply.text')
        .map(({ text }) => text)
        .join(''),
    ).toBe(REPLY)
    expect(caller.of('reply.done')).toHaveLength(1)
    expect(caller.of('session.ready')).toHaveLength(1)
  })
})
