// Silero on real sounds: speech is heard where it is, and noise, tones and clicks are not speech.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import type { Tts } from '#gpu-node/engines/ports.ts'
import { VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { createSileroVad } from '#gpu-node/engines/embedded/silero/silero-vad.ts'
import { hear, quietAt } from '#gpu-node/turn/hearing/endpointer.ts'
import { concatPcm, pcmToFloat } from '#shared/audio/pcm.ts'
import { silentLog } from '#shared/log.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import { framesOf, pinkNoise, say, SENTENCES, silence } from './spoken.ts'

const RATE = 16_000
const vad = createSileroVad()
let tts: Tts

beforeAll(async () => {
  tts = await createFliteTts({ log: silentLog })
})
afterAll(() => tts.close())

/** Utterances as a session with the default options finds them. */
function utterancesIn(samples: Float32Array): { startMs: number; endMs: number }[] {
  const stream = vad.stream()
  const found: { startMs: number; endMs: number }[] = []
  let state = quietAt(0)
  for (const frame of framesOf(samples, VAD_FRAME_SAMPLES)) {
    const step = hear(state, stream.push(frame), DEFAULT_TURN_OPTIONS)
    state = step.state
    for (const event of step.events) {
      const last = found.at(-1)
      if (event.type === 'started') found.push({ startMs: (event.atSample * 1000) / RATE, endMs: Infinity })
      if (event.type === 'hardEnd' && last) last.endMs = (event.speechEnd * 1000) / RATE
    }
  }
  return found
}

const tenSeconds = (wave: (seconds: number, i: number) => number): Float32Array =>
  Float32Array.from({ length: RATE * 10 }, (_, i) => wave(i / RATE, i))
const sine = (hz: number, seconds: number): number => 0.3 * Math.sin(2 * Math.PI * hz * seconds)

describe('silero', () => {
  it.each<[string, Float32Array]>([
    ['silence', tenSeconds(() => 0)],
    ['pink noise', pinkNoise(RATE * 10, 0.05)],
    ['loud pink noise', pinkNoise(RATE * 10, 0.2)],
    ['a steady tone', tenSeconds((s) => sine(440, s))],
    ['a scale of tones', tenSeconds((s) => sine(200 * 2 ** Math.floor(s), s))],
    ['a dial tone that comes and goes', tenSeconds((s) => (s % 1 < 0.5 ? sine(350, s) + sine(440, s) : 0))],
    ['clicks', tenSeconds((_, i) => (i % 4_000 < 3 ? 0.9 : 0))],
  ])('[VAD1] 10 s of %s yield no utterance', (_, samples) => {
    expect(utterancesIn(samples)).toEqual([])
  })

  it('[VAD2] each of ten spoken sentences is one utterance, begun within 200 ms and ended within 250 ms', async () => {
    for (const sentence of SENTENCES) {
      const speech = await say(tts, sentence)
      const samples = pcmToFloat(concatPcm([silence(800), speech, silence(1_200)]))
      const noise = pinkNoise(samples.length, 0.002)
      const found = utterancesIn(samples.map((x, i) => x + (noise[i] ?? 0)))
      expect(found, sentence).toHaveLength(1)
      // The voice leaves 60 ms of silence at each end of what it says.
      expect(Math.abs((found[0]?.startMs ?? 0) - 860), sentence).toBeLessThan(200)
      expect(Math.abs((found[0]?.endMs ?? 0) - (740 + speech.length / 16)), sentence).toBeLessThan(250)
    }
  })

  it('[VAD3] streams do not hear each other, and a reset stream begins anew', async () => {
    const speech = framesOf(pcmToFloat(await say(tts, 'Good morning to all of you.')), VAD_FRAME_SAMPLES)
    const [one, other] = [vad.stream(), vad.stream()]
    const first = speech.map((frame) => {
      other.push(new Float32Array(VAD_FRAME_SAMPLES))
      return one.push(frame)
    })
    expect(Math.max(...first)).toBeGreaterThan(0.9)
    expect(speech.map((frame) => one.push(frame))).not.toEqual(first)
    one.reset()
    expect(speech.map((frame) => one.push(frame))).toEqual(first)
  })

  it('[VAD4] takes frames of 512 samples only', () => {
    const stream = vad.stream()
    expect(() => stream.push(new Float32Array(511))).toThrow('512')
    expect(stream.push(new Float32Array(VAD_FRAME_SAMPLES))).toBeLessThan(0.5)
  })
})
