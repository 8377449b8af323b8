// Audio of turns as FLAC: read back by decoders of others, to the bit.
import { spawnSync } from 'node:child_process'
import { FLACDecoder } from '@wasm-audio-decoders/flac'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { resamplePcm } from '#shared/audio/resample.ts'
import { silentLog } from '#shared/log.ts'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import { flacParts } from '#gpu-node/recording/flac.ts'
import { findProgram } from '#gpu-node/voices/find-program.ts'
import { say } from '#tests/gpu-node/engines/embedded/spoken.ts'

const flacOf = (pcm: Int16Array, rate: number): Buffer => Buffer.concat([...flacParts(pcm, rate)])
const ffmpeg = findProgram('ffmpeg')

/** As ffmpeg reads it; it checks every CRC and says what is wrong. */
function byFfmpeg(file: Buffer): Int16Array {
  const words = [
    '-v',
    'error',
    '-err_detect',
    'crccheck+explode',
    '-f',
    'flac',
    '-i',
    'pipe:0',
    '-f',
    's16le',
    'pipe:1',
  ]
  const done = spawnSync(ffmpeg ?? '', words, { input: file, maxBuffer: 64 * 1024 * 1024 })
  expect(done.stderr.toString()).toBe('')
  return new Int16Array(done.stdout.buffer, done.stdout.byteOffset, done.stdout.byteLength / 2)
}

describe('FLAC', () => {
  it('[SND1] speech comes back to the bit, at half of its size or so', async () => {
    const tts = await createFliteTts({ log: silentLog })
    const speech = resamplePcm(
      await say(tts, 'How are you today, and what have you been doing?'),
      tts.sampleRate,
      16_000,
    )
    await tts.close()
    const file = flacOf(speech, 16_000)
    const decoder = new FLACDecoder()
    await decoder.ready
    const { channelData, sampleRate } = await decoder.decodeFile(file)
    decoder.free()
    expect(sampleRate).toBe(16_000)
    // That decoder gives full scale as 32,767.
    expect(Int16Array.from(channelData[0] ?? [], (sample) => Math.round(sample * 32_767))).toEqual(speech)
    expect(file.length / (speech.length * 2)).toBeLessThan(0.65)
  })

  it.skipIf(!ffmpeg)('[SND1] any samples come back to the bit', () => {
    const kinds = fc.oneof(
      fc.array(fc.integer({ min: -32_768, max: 32_767 }), { minLength: 1, maxLength: 9_000 }),
      fc.array(fc.constantFrom(-32_768, 32_767), { minLength: 1, maxLength: 9_000 }),
      fc
        .tuple(fc.integer({ min: -32_768, max: 32_767 }), fc.integer({ min: 1, max: 9_000 }))
        .map(([value, length]) => Array.from({ length }, () => value)),
    )
    fc.assert(
      fc.property(kinds, fc.constantFrom(8_000, 16_000, 24_000, 48_000), (samples, rate) => {
        const pcm = Int16Array.from(samples)
        expect(byFfmpeg(flacOf(pcm, rate))).toEqual(pcm)
      }),
      { numRuns: 25 },
    )
  })

  it.skipIf(!ffmpeg)('[SND1] a minute and more is counted right', () => {
    const pcm = Int16Array.from({ length: 16_000 * 70 }, (_, i) => (i * 7_919) % 3_001)
    expect(byFfmpeg(flacOf(pcm, 16_000))).toEqual(pcm)
  })
})
