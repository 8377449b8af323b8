// Uploaded files decoded in a program of their own: good ones of each kind, and those that are known to crash or hang decoders.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { spawnSync } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AudioKind } from '#shared/audio/sniff-audio.ts'
import { writeWav } from '#shared/audio/wav.ts'
import { systemClock, type Clock } from '#shared/clock.ts'
import { MAX_DECODE_RSS_BYTES } from '#gpu-node/voices/decode-limits.ts'
import { decodeFile, type DecodeOptions } from '#gpu-node/voices/decode.ts'
import { findProgram } from '#gpu-node/voices/find-program.ts'

const ffmpeg = findProgram('ffmpeg')
const RATE = 24_000
/** A good file is read also where the machine is busy. */
const PATIENT = { ms: 25_000, rssBytes: MAX_DECODE_RSS_BYTES }
/** Of the recordings among the fixtures. */
const SPEECH_SECONDS = 2.75
/** Those that the node reads by itself. */
const OWN: ReadonlyArray<readonly [AudioKind, string]> = [
  ['mp3', 'speech.mp3'],
  ['flac', 'speech.flac'],
  ['ogg', 'speech.vorbis.ogg'],
  ['ogg', 'speech.opus.ogg'],
  ['webm', 'speech.opus.webm'],
]

const tone = (seconds: number): Int16Array =>
  Int16Array.from({ length: seconds * RATE }, (_, i) => 8_000 * Math.sin((2 * Math.PI * 440 * i) / RATE))

describe('decoding', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-decode-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const fixture = (name: string): Uint8Array => readFileSync(join('tests/fixtures/recordings', name))
  const decode = (bytes: Uint8Array, kind: AudioKind, options: Partial<DecodeOptions> = {}) => {
    const path = join(folder, 'upload')
    writeFileSync(path, bytes)
    return decodeFile(path, kind, { clock: systemClock, limits: PATIENT, ...options })
  }
  /** Made by the machine's ffmpeg; `args` say of what and how. */
  function made(name: string, args: string[]): Uint8Array {
    const path = join(folder, name)
    const done = spawnSync(ffmpeg ?? '', ['-y', '-v', 'error', ...args, path])
    if (done.status !== 0) throw new Error(done.stderr.toString())
    return readFileSync(path)
  }
  const TONE = ['-f', 'lavfi', '-i', `sine=frequency=440:duration=5:sample_rate=${RATE}`]
  const silence = (seconds: number): string[] => ['-f', 'lavfi', '-i', 'anullsrc=r=8000:cl=mono', '-t', String(seconds)]

  /** The tone itself, whatever the codec made of its level: it crosses zero 880 times a second. */
  function expectTone({ pcm, sampleRate }: { pcm: Int16Array; sampleRate: number }, seconds: number): void {
    expect(pcm.length / sampleRate).toBeCloseTo(seconds, 0)
    const middle = pcm.subarray(sampleRate, 3 * sampleRate)
    let crossings = 0
    for (let i = 1; i < middle.length; i++) if ((middle[i - 1] ?? 0) < 0 !== (middle[i] ?? 0) < 0) crossings++
    expect(crossings / 2 / 2).toBeCloseTo(440, -1)
  }

  it('[VPR1] reads WAV as it is', async () => {
    const pcm = tone(3)
    expect(await decode(writeWav(pcm, RATE), 'wav')).toEqual({ outcome: 'decoded', pcm, sampleRate: RATE })
  })

  it.each(OWN)('[VPR1] reads %s by itself: %s', async (kind, name) => {
    const decoded = await decode(fixture(name), kind)
    if (decoded.outcome !== 'decoded') throw new Error(decoded.outcome)
    expect(Math.abs(decoded.pcm.length / decoded.sampleRate - SPEECH_SECONDS)).toBeLessThan(0.15)
    expect(decoded.pcm.reduce((peak, sample) => Math.max(peak, Math.abs(sample)), 0)).toBeGreaterThan(5_000)
  })

  it.skipIf(!ffmpeg).each<[AudioKind, string, string[]]>([
    ['mp3', 'a.mp3', []],
    ['mp3', 'stereo.mp3', ['-ac', '2', '-ar', '44100']],
    ['flac', 'a.flac', []],
    ['flac', '24.flac', ['-sample_fmt', 's32', '-ar', '96000']],
    ['ogg', 'vorbis.ogg', ['-c:a', 'libvorbis']],
    ['ogg', 'opus.ogg', ['-c:a', 'libopus']],
    ['webm', 'opus.webm', ['-c:a', 'libopus']],
  ])('[VPR1] reads %s by itself: %s', async (kind, name, how) => {
    const decoded = await decode(made(name, [...TONE, ...how]), kind)
    if (decoded.outcome !== 'decoded') throw new Error(decoded.outcome)
    expectTone(decoded, 5)
  })

  it.skipIf(!ffmpeg).each<[AudioKind, string, string[]]>([
    ['m4a', 'aac.m4a', ['-c:a', 'aac']],
    ['m4a', 'alac.m4a', ['-c:a', 'alac']],
    ['webm', 'vorbis.webm', ['-c:a', 'libvorbis']],
  ])('[VPR2] reads %s by the machine’s ffmpeg, and not at all without one: %s', async (kind, name, how) => {
    const file = made(name, [...TONE, ...how])
    const decoded = await decode(file, kind, { ffmpeg })
    if (decoded.outcome !== 'decoded') throw new Error(decoded.outcome)
    expectTone(decoded, 5)
    expect(await decode(file, kind)).toEqual({ outcome: 'noDecoder' })
  })

  describe('of bad files', () => {
    it.skipIf(!ffmpeg).each<[AudioKind, string, number, string[]]>([
      ['flac', 'bomb.flac', 6 * 3_600, []],
      ['mp3', 'bomb.mp3', 3_600, ['-b:a', '8k']],
      ['ogg', 'bomb.opus.ogg', 600, ['-c:a', 'libopus', '-b:a', '6k']],
    ])(
      '[VPR3] stops a small %s that would be much longer: %s',
      async (kind, name, seconds, how) => {
        const bomb = made(name, [...silence(seconds), ...how])
        expect(await decode(bomb, kind)).toEqual({ outcome: 'tooLong' })
      },
      60_000,
    )

    it('[VPR3] takes no recording over a minute', async () => {
      expect(await decode(writeWav(tone(61), RATE), 'wav')).toEqual({ outcome: 'tooLong' })
    })

    it.skipIf(!ffmpeg)(
      '[VPR4] is done with cut files: what is there is read, or nothing',
      async () => {
        const whole: Array<[AudioKind, Uint8Array]> = [
          ['mp3', made('b.mp3', TONE)],
          ['flac', made('b.flac', TONE)],
          ['ogg', made('b.ogg', [...TONE, '-c:a', 'libvorbis'])],
          ['webm', made('b.webm', [...TONE, '-c:a', 'libopus'])],
          ['m4a', made('b.m4a', [...TONE, '-c:a', 'aac'])],
        ]
        for (const [kind, file] of whole)
          for (const length of [100, 5_000, file.length >> 1]) {
            const { outcome } = await decode(file.subarray(0, length), kind, { ffmpeg })
            expect(['decoded', 'unreadable'], `${kind} cut at ${length}`).toContain(outcome)
          }
      },
      120_000,
    )

    it.each<[string, AudioKind, () => Uint8Array]>([
      ['random bytes as FLAC', 'flac', () => new Uint8Array([...Buffer.from('fLaC'), ...randomBytes(20_000)])],
      ['random bytes as Ogg', 'ogg', () => new Uint8Array([...Buffer.from('OggS'), ...randomBytes(20_000)])],
      ['random bytes as WebM', 'webm', () => new Uint8Array([0x1a, 0x45, 0xdf, 0xa3, ...randomBytes(20_000)])],
      [
        'random bytes as M4A',
        'm4a',
        () => new Uint8Array([0, 0, 0, 32, ...Buffer.from('ftypM4A '), ...randomBytes(20_000)]),
      ],
      ['a WAV of 65,535 channels', 'wav', () => withHeader((view) => view.setUint16(22, 65_535, true))],
      ['a WAV of 768 kHz', 'wav', () => withHeader((view) => view.setUint32(24, 768_000, true))],
      ['a WAV without a sample', 'wav', () => writeWav(new Int16Array(0), RATE)],
      ['an empty file', 'mp3', () => new Uint8Array(0)],
    ])(
      '[VPR4] finds nothing in %s',
      async (_, kind, make) => {
        const { outcome } = await decode(make(), kind, { ffmpeg })
        expect(outcome).toBe(ffmpeg || (kind !== 'm4a' && kind !== 'webm') ? 'unreadable' : 'noDecoder')
      },
      60_000,
    )

    it.each([...OWN, ['m4a', 'speech.aac.m4a'] as const])(
      '[VPR4] is done with damaged files of %s: what is there is read, or nothing: %s',
      async (kind, name) => {
        const whole = fixture(name)
        const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 40 })
        await fc.assert(
          fc.asyncProperty(damage, async (bytes) => {
            const file = new Uint8Array(whole)
            for (const [at, value] of bytes) file[at] = value
            const { outcome } = await decode(file, kind, {
              ffmpeg,
              limits: { ms: 3_000, rssBytes: MAX_DECODE_RSS_BYTES },
              // Also where the machine was busy it is done.
              isLastTry: true,
            })
            expect(['decoded', 'unreadable', 'noDecoder', 'tooLong']).toContain(outcome)
          }),
          { numRuns: 8, endOnFailure: true },
        )
      },
      120_000,
    )

    it('[VPR4] believes no FLAC that claims 2^36 samples', async () => {
      const file = new Uint8Array(fixture('speech.flac'))
      // The last 36 bits before the checksum of STREAMINFO (RFC 9639 §8.2).
      file.set([(file[21] ?? 0) | 0x0f, 0xff, 0xff, 0xff, 0xff], 21)
      const decoded = await decode(file, 'flac')
      if (decoded.outcome !== 'decoded') throw new Error(decoded.outcome)
      expect(decoded.pcm.length / decoded.sampleRate).toBeLessThan(SPEECH_SECONDS + 0.15)
    })

    it.each(['stsz', 'stts'])('[VPR4] is done with an M4A whose %s claims 2^31 entries', async (box) => {
      const file = new Uint8Array(fixture('speech.aac.m4a'))
      const at = Buffer.from(file).indexOf(box)
      // Behind the name: version and flags; in stsz the size that all samples have, too; then the count (ISO 14496-12 §8.7.3, §8.6.1).
      const count = at + (box === 'stsz' ? 12 : 8)
      new DataView(file.buffer).setUint32(count, 0x8000_0000)
      const { outcome } = await decode(file, 'm4a', { ffmpeg })
      expect(['decoded', ffmpeg ? 'unreadable' : 'noDecoder']).toContain(outcome)
    })

    it('[VPR4] makes noise of random bytes that look like MP3, or nothing', async () => {
      const { outcome } = await decode(new Uint8Array([0xff, 0xfb, 0x90, 0x64, ...randomBytes(20_000)]), 'mp3')
      expect(['decoded', 'unreadable']).toContain(outcome)
    })

    it('[VPR4] reads a WAV that claims to be 4 GB as far as it goes', async () => {
      const file = withHeader((view) => view.setUint32(40, 0xffff_fff0, true))
      expect((await decode(file, 'wav')).outcome).toBe('decoded')
    })

    it('[VPR5] kills a program that takes too much memory or that its file keeps busy for too long', async () => {
      const small = { limits: { ms: 10_000, rssBytes: 1 } }
      // It is looked at every 50 ms, and takes longer to start.
      expect(await decode(writeWav(tone(30), RATE), 'wav', small)).toEqual({ outcome: 'unreadable' })
      // The decoder reads on and on in the head of a FLAC file without a frame.
      const spinning = fixture('speech.flac').subarray(0, 100)
      const short = { limits: { ms: 1_500, rssBytes: Infinity } }
      // A busy machine may be to blame for the first time, as in a task; for the second it is the file.
      const done = decode(spinning, 'flac', short).catch(() => decode(spinning, 'flac', { ...short, isLastTry: true }))
      expect(await done).toEqual({ outcome: 'unreadable' })
    })

    it.skipIf(process.platform === 'win32')('[VPR21] programs that decode give way to calls', async () => {
      // Ends only once a call counts ten times as much as it does.
      const script = join(folder, 'nice')
      writeFileSync(script, '#!/bin/sh\nuntil [ "$(nice)" = 10 ]; do :; done\nhead -c 96000 /dev/zero\n', {
        mode: 0o755,
      })
      const m4a = fixture('speech.aac.m4a')
      expect(await decode(m4a, 'm4a', { ffmpeg: script })).toMatchObject({ outcome: 'decoded', sampleRate: 48_000 })
    })

    it('[VPR22] a second time-out blames the file', async () => {
      const file = writeWav(tone(30), RATE)
      const busy = { limits: { ms: 1, rssBytes: Infinity } }
      let timeouts = 0
      const onTimeout = (): void => void timeouts++
      await expect(decode(file, 'wav', { ...busy, onTimeout })).rejects.toMatchObject({
        fault: { code: 'unavailable' },
      })
      expect(timeouts).toBe(1)
      expect(await decode(file, 'wav', { ...busy, onTimeout, isLastTry: true })).toEqual({ outcome: 'unreadable' })
      expect(timeouts).toBe(1)
    })

    it('[VPR15] what is the machine’s fault is no fault of the file', async () => {
      const file = writeWav(tone(30), RATE)
      const unavailable = { fault: { code: 'unavailable', what: 'decoder' } }
      // Its time is over before it could compute anything.
      const over: Clock = { ...systemClock, after: (_ms, run) => systemClock.after(0, run) }
      const busy = { clock: over, limits: { ms: 60_000, rssBytes: Infinity } }
      await expect(decode(file, 'wav', busy)).rejects.toMatchObject(unavailable)
      await expect(decode(file, 'wav', { signal: AbortSignal.abort() })).rejects.toMatchObject(unavailable)
      const m4a = fixture('speech.aac.m4a')
      await expect(decode(m4a, 'm4a', { ffmpeg: join(folder, 'none') })).rejects.toMatchObject(unavailable)
    })
  })

  function withHeader(change: (view: DataView) => void): Uint8Array {
    const file = writeWav(tone(1), RATE)
    change(new DataView(file.buffer))
    return file
  }
})
