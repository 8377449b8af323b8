import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ackText, readAck } from '#shared/protocol/ack.ts'
import { decode } from '#shared/protocol/decode.ts'
import { Ack } from '#shared/protocol/session-messages.ts'

const MAX_CHARS = 1_000

it('[WIR12] every acknowledgement that is written is read, by the short way and by the long', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffff_ffff }), (received) => {
      expect(readAck(ackText(received))).toBe(received)
      expect(decode(Ack, ackText(received), MAX_CHARS)).toEqual({ ok: true, value: { type: 'ack', received } })
    }),
  )
})

it('[WIR12] the short way reads nothing that the long way reads otherwise', () => {
  const digits = fc.stringMatching(/^[0-9.\-e ,}]{0,12}$/)
  fc.assert(
    fc.property(digits, (text) => {
      const read = readAck(`{"type":"ack","received":${text}}`)
      const long = decode(Ack, `{"type":"ack","received":${text}}`, MAX_CHARS)
      if (read !== undefined) expect(long).toEqual({ ok: true, value: { type: 'ack', received: read } })
    }),
    { numRuns: 1_000 },
  )
  for (const text of ['', '{"type":"ack","received":}', '{"type":"ack","received":4294967296}', '{"type":"ack"}'])
    expect(readAck(text)).toBeUndefined()
})
