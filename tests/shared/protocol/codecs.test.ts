// The codecs against everything: any frame survives, any text is answered, and no fault repeats what was received.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeAudioFrame, encodeAudioFrame, sequenceOf } from '#shared/protocol/audio-frame.ts'
import { decode } from '#shared/protocol/decode.ts'
import { MAX_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import { numberOf } from '#shared/protocol/number-of.ts'
import { ChatUp } from '#shared/protocol/chat-messages.ts'

const anyFrame = fc.record({
  turn: fc.nat(0xffff),
  sequence: fc.nat(0xffff_ffff),
  pcm: fc.uint8Array({ minLength: 1, maxLength: 320 }).map((half) => Uint8Array.from([...half, ...half])),
})

describe('audio frames', () => {
  it('[WIR3] any frame is read as it was written, wherever it lies in a buffer', () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(7), (frame, offset) => {
        const encoded = encodeAudioFrame(frame)
        const buffer = new Uint8Array(offset + encoded.byteLength)
        buffer.set(encoded, offset)
        const bytes = buffer.subarray(offset)
        expect(decodeAudioFrame(bytes, 48_000)).toEqual({ ok: true, value: frame })
        expect(sequenceOf(bytes)).toBe(frame.sequence)
        expect(numberOf(encoded, MAX_MESSAGE_BYTES)).toBe(frame.sequence)
      }),
    )
  })

  it('[WIR4] any bytes are read or refused, never thrown at', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const read = decodeAudioFrame(bytes, 16_000)
        expect(read.ok || read.fault.code === 'invalid_message').toBe(true)
      }),
    )
  })
})

describe('messages', () => {
  it('[WIR2] a message may be as long as its limit, and no longer', () => {
    const longest = '{"type":"session.end"}'.padEnd(MAX_MESSAGE_BYTES)
    expect(decode(ChatUp, longest, MAX_MESSAGE_BYTES)).toEqual({ ok: true, value: { type: 'session.end' } })
    expect(decode(ChatUp, `${longest} `, MAX_MESSAGE_BYTES)).toMatchObject({ fault: { code: 'too_large' } })
  })

  it('[WIR8] any text is read or refused, and no fault repeats a word of it', () => {
    const type = fc.constantFrom('session.start', 'text.send', 'ack', 'session.update', 'playback.progress', 'Rosebud')
    const secret = 'Rosebud'
    const spoiled = fc.dictionary(fc.constantFrom('text', 'seq', 'turnId', 'options', 'language'), fc.constant(secret))
    fc.assert(
      fc.property(type, spoiled, fc.anything(), (name, fields, anything) => {
        for (const value of [{ type: name, ...fields, personaId: secret }, [anything, secret]]) {
          const read = decode(ChatUp, JSON.stringify(value) ?? secret, MAX_MESSAGE_BYTES)
          if (!read.ok) expect(JSON.stringify(read.fault)).not.toContain(secret)
        }
      }),
    )
  })

  it('[HOS16] what is nested too deep is refused unparsed; brackets in a text are words', () => {
    const deep = (opening: string, levels: number): string => opening.repeat(levels)
    for (const text of [
      deep('[', 30_000),
      deep('{"a":', 10_000),
      `{"type":"ack","received":1,"x":${deep('[', 30_000)}`,
    ]) {
      const read = decode(ChatUp, text, MAX_MESSAGE_BYTES)
      expect(read).toMatchObject({ fault: { issues: [expect.stringMatching(/^message: nested in more than 32/)] } })
      expect(numberOf(text, MAX_MESSAGE_BYTES)).toBeUndefined()
    }
    const words = '[{"\\'.repeat(200)
    const escaped = JSON.stringify({ type: 'text.send', seq: 1, text: words }).replace(/\[/g, '\\u005b')
    const long = `${JSON.stringify({ type: 'text.send', seq: 1, text: words, pad: '['.repeat(8_000) })}`
    for (const text of [escaped, long]) expect(decode(ChatUp, text, MAX_MESSAGE_BYTES)).toMatchObject({ ok: true })
  })

  it('[WIR9] the number of an unreadable message is found where it has one', () => {
    const cases: Array<[string | Uint8Array<ArrayBuffer>, number | undefined]> = [
      ['{"type":"from.tomorrow","seq":12}', 12],
      ['{"type":"text.send","seq":"12"}', undefined],
      ['{"type":"text.send","seq":1.5}', undefined],
      ['{"seq":', undefined],
      ['null', undefined],
      ['7', undefined],
      [`{"seq":1,"text":"${'x'.repeat(100)}"}`, undefined],
      [Uint8Array.from([2, 0, 0, 0, 5, 0, 0, 0]), 5],
      [Uint8Array.from([2, 0, 0, 0, 5, 0, 0]), undefined],
    ]
    for (const [frame, seq] of cases) expect(numberOf(frame, 50)).toBe(seq)
  })
})
