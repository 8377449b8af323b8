// PCM and WAV: what is written is read back, all sample formats are understood, and bad headers are named.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultOf } from '#shared/fault.ts'
import {
  concatPcm,
  floatToPcm,
  pcmFromBytes,
  pcmToBytes,
  pcmToFloat,
  turnFromBytes,
  turnToBytes,
} from '#shared/audio/pcm.ts'
import { readWav, writeWav } from '#shared/audio/wav.ts'

interface Header {
  tag?: number
  bits?: number
  channels?: number
  sampleRate?: number
  riffSize?: number
  dataSize?: number
  /** Chunks between fmt and data, as raw bytes. */
  between?: number[]
  /** The sub-format of an extensible header. */
  subFormat?: number
}

const ascii = (text: string): number[] => [...text].map((c) => c.charCodeAt(0))
const u16 = (n: number): number[] => [n & 255, (n >> 8) & 255]
const u32 = (n: number): number[] => [...u16(n & 0xffff), ...u16(n >>> 16)]

function wavOf(payload: number[], header: Header = {}): Uint8Array {
  const { tag = 1, bits = 16, channels = 1, sampleRate = 16_000 } = header
  const format = [...u16(tag), ...u16(channels), ...u32(sampleRate), ...u32(0), ...u16(0), ...u16(bits)]
  if (header.subFormat !== undefined)
    format.push(...u16(22), ...u16(bits), ...u32(0), ...u16(header.subFormat), ...Array<number>(14).fill(0))
  const chunks = [...ascii('fmt '), ...u32(format.length), ...format, ...(header.between ?? [])]
  chunks.push(...ascii('data'), ...u32(header.dataSize ?? payload.length), ...payload)
  return Uint8Array.from([...ascii('RIFF'), ...u32(header.riffSize ?? chunks.length + 4), ...ascii('WAVE'), ...chunks])
}

function issueOf(bytes: Uint8Array): unknown {
  try {
    readWav(bytes)
  } catch (thrown) {
    return faultOf(thrown)
  }
  return undefined
}

const floatBytes = (values: number[]): number[] => [...new Uint8Array(Float32Array.from(values).buffer)]

describe('pcm', () => {
  it('[AUD6] bytes and samples turn into each other at any offset', () => {
    fc.assert(
      fc.property(fc.int16Array(), fc.integer({ min: 0, max: 3 }), (pcm, offset) => {
        const shifted = new Uint8Array(offset + pcm.length * 2)
        shifted.set(pcmToBytes(pcm), offset)
        expect(pcmFromBytes(shifted.subarray(offset))).toEqual({ ok: true, value: pcm })
      }),
    )
  })

  it('[AUD6] bytes and samples turn into each other in the same way on a host of any byte order', () => {
    fc.assert(
      fc.property(fc.int16Array(), fc.integer({ min: 0, max: 3 }), (pcm, offset) => {
        const bytes = new Uint8Array(pcm.byteLength)
        turnToBytes(pcm.subarray(), bytes)
        expect(pcmToBytes(pcm)).toEqual(bytes)
        const within = new Int16Array(offset + pcm.length)
        within.set(pcm, offset)
        expect(pcmToBytes(within.subarray(offset))).toEqual(bytes)
        const back = new Int16Array(pcm.length)
        turnFromBytes(bytes, back)
        expect(back).toEqual(pcm)
      }),
    )
  })

  it('[AUD6] an odd number of bytes is a fault that says so', () => {
    expect(pcmFromBytes(new Uint8Array(641))).toMatchObject({
      ok: false,
      fault: { code: 'invalid_message', issues: [expect.stringContaining('641')] },
    })
  })

  it('[AUD7] Int16 survives the way through Float32, and floats beyond full scale are clamped', () => {
    fc.assert(
      fc.property(fc.int16Array(), (pcm) => {
        expect(floatToPcm(pcmToFloat(pcm))).toEqual(pcm)
      }),
    )
    expect(floatToPcm(Float32Array.of(2, -2, Number.NaN))).toEqual(Int16Array.of(32_767, -32_768, 0))
    expect(concatPcm([Int16Array.of(1), Int16Array.of(), Int16Array.of(2, 3)])).toEqual(Int16Array.of(1, 2, 3))
  })
})

describe('wav', () => {
  it('[AUD8] what is written is read back', () => {
    fc.assert(
      fc.property(
        fc.int16Array({ maxLength: 500 }),
        fc.constantFrom(8_000, 16_000, 24_000, 44_100),
        (samples, sampleRate) => {
          expect(readWav(writeWav(samples, sampleRate))).toEqual({ sampleRate, channels: 1, samples })
        },
      ),
    )
  })

  it.each<[string, number[], Header, number[]]>([
    ['8 bits', [128, 255, 0], { bits: 8 }, [0, 32_512, -32_768]],
    ['24 bits', [0, 0, 64, 255, 255, 255], { bits: 24 }, [16_384, 0]],
    ['float', floatBytes([0.5, -2, Number.NaN]), { tag: 3, bits: 32 }, [16_384, -32_768, 0]],
    ['extensible', [1, 0, 2, 0], { tag: 0xfffe, subFormat: 1 }, [1, 2]],
    ['stereo', [10, 0, 20, 0, 0, 0, 6, 0], { channels: 2 }, [15, 3]],
    ['a stream of unknown size', [1, 0, 2, 0], { riffSize: 0xffffffff, dataSize: 0xffffffff }, [1, 2]],
    ['a stream of size 0', [1, 0, 2, 0], { riffSize: 0, dataSize: 0 }, [1, 2]],
    ['a truncated file', [1, 0, 2, 0, 9], { dataSize: 100 }, [1, 2]],
    ['an unknown chunk of odd size', [7, 0], { between: [...ascii('LIST'), ...u32(3), 1, 2, 3, 0] }, [7]],
  ])('[AUD9] reads %s', (_, payload, header, samples) => {
    expect([...readWav(wavOf(payload, header)).samples]).toEqual(samples)
  })

  it.each<[string, Uint8Array]>([
    ['riff', Uint8Array.from(ascii('ID3 not a wav file'))],
    ['riff', new Uint8Array(3)],
    ['channels', wavOf([0, 0], { channels: 65_535 })],
    ['channels', wavOf([0, 0], { channels: 0 })],
    ['sampleRate', wavOf([0, 0], { sampleRate: 0 })],
    ['format', wavOf([0, 0], { tag: 17, bits: 4 })],
    ['data', wavOf([]).subarray(0, 36)],
    ['fmt', wavOf([]).subarray(0, 12)],
  ])('[AUD10] a bad header is a fault that names %s', (field, bytes) => {
    expect(issueOf(bytes)).toMatchObject({ code: 'invalid_message', issues: [expect.stringContaining(field)] })
  })

  it('[AUD10] a file over the limit is too_large, and no bytes at all can make it throw anything else', () => {
    expect(() => readWav(new Uint8Array(100), { maxBytes: 99 })).toThrow('too_large')
    const header = wavOf([1, 0, 2, 0])
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(50), (noise, at) => {
        const bytes = header.slice()
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length))
        expect(['invalid_message', undefined]).toContain((issueOf(bytes) as { code?: string } | undefined)?.code)
      }),
    )
  })
})
