// Audio at each rate that may be agreed, through the whole path and both ways.
import { expect } from 'vitest'
import { SAMPLE_RATES } from '#shared/protocol/session-messages.ts'
import { it } from './call-test.ts'

it.concurrent.for(SAMPLE_RATES)(
  '[CAL21] a call at %i Hz: speech is heard in its length, the reply comes in its length',
  async (rate, { start }) => {
    const world = await start({ nodes: [{ llm: { replies: ['Fine, thank you.'] }, tts: { msPerChar: 20 } }] })
    const caller = await world.caller({ start: { audio: { inputRate: rate, outputRate: rate } } })
    expect((await caller.ready()).audio).toEqual({ inputRate: rate, outputRate: rate })
    const done = await caller.turn()
    expect(done.status).toBe('complete')
    expect(caller.audio()).toHaveLength(done.sentSamples)
    // 16 characters of 20 ms; the last frame of a piece is filled up to 20 ms.
    expect((done.sentSamples * 1000) / rate).toBeGreaterThan(300)
    expect((done.sentSamples * 1000) / rate).toBeLessThan(380)
    // 400 ms of speech at the recogniser's own rate; of the silence behind it at least what the soft end waits for.
    const heardMs = ((world.nodes[0]?.engines.stt.calls[0]?.samples ?? 0) * 1000) / 16_000
    expect(heardMs).toBeGreaterThan(550)
    expect(heardMs).toBeLessThan(1_000)
    // Positions count the caller's own samples: 400 ms of speech and 500 ms of silence.
    const endedAt = caller.of('utterance.ended')[0]?.atSample ?? 0
    expect(Math.abs((endedAt * 1000) / rate - 900)).toBeLessThan(60)
  },
)
