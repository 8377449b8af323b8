// Every message and frame of the three wires against the published vectors, both ways.
import { describe, expect, it } from 'vitest'
import { pcmFromBytes } from '#shared/audio/pcm.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { decodeAudioFrame, encodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { CLOSE_REPLACED, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { decode, PING, PONG, type Schema } from '#shared/protocol/decode.ts'
import { MAX_MESSAGE_BYTES, MAX_NODE_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import { FaultMessage } from '#shared/protocol/session-messages.ts'
import { chosenProtocol, readOfferedProtocols } from '#shared/protocol/version.ts'
import { readVectors, WIRES, type VectorFault, type WireName } from './wire-vectors.ts'

const vectors = readVectors()
const wireNames = Object.keys(WIRES) as WireName[]

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

/** The facts of a fault that a vector gives. */
function factsOf(fault: object): VectorFault {
  const { code, limit, max, got, unit } = fault as VectorFault
  return JSON.parse(JSON.stringify({ code, limit, max, got, unit })) as VectorFault
}

describe.each(wireNames)('%s', (name) => {
  const wire = vectors.wires[name]
  // The six unions differ; of each, only the type of a message matters here.
  const schema: Schema<{ type: string }> = WIRES[name]

  it.each(wire.valid)('[WIR1] reads and writes: $name', ({ message }) => {
    const read = decode(schema, JSON.stringify(message), wire.maxBytes)
    expect(read).toEqual({ ok: true, value: message })
    expect(JSON.parse(JSON.stringify(read.ok && read.value))).toEqual(message)
  })

  it('[WIR1] has a vector for each of its types', () => {
    const types = new Set(WIRES[name].options.map((option) => option.entries.type.literal))
    expect(new Set(wire.valid.map(({ message }) => message.type))).toEqual(types)
  })

  it.each(wire.invalid)('[WIR2] refuses: $name', ({ message, text, fault }) => {
    const read = decode(schema, text ?? JSON.stringify(message), wire.maxBytes)
    expect(read.ok ? read : factsOf(read.fault)).toEqual(fault)
  })
})

describe('an array in the place of an object', () => {
  it.each([
    ['{"type":"session.start","options":[]}', 'options'],
    ['{"type":"session.start","audio":[16000]}', 'audio'],
    ['{"type":"session.update","seq":1,"options":[],"language":"en"}', 'options'],
    ['{"type":"session.update","seq":1,"options":[1]}', 'options'],
  ])('[WIR10] refuses %s', (text, field) => {
    const fault = { code: 'invalid_message', issues: [`${field}: expected an object, not an array`] }
    expect(decode(WIRES.chatUp, text, MAX_MESSAGE_BYTES)).toEqual({ ok: false, fault })
  })
})

describe('the faults of the vectors', () => {
  const faults = vectors.wires.chatDown.valid.flatMap(({ message }) => (message.type === 'fault' ? [message] : []))

  it('[WIR11] have every fact that a fault may carry', () => {
    const carried = new Set(faults.flatMap((fault) => Object.keys(fault)))
    expect(carried).toEqual(new Set(Object.keys(FaultMessage.entries)))
  })

  it('[WIR11] have the words of the table', () => {
    const table: Record<string, { text: string }> = FAULT_TABLE
    for (const { code, message } of faults as unknown as FaultMessage[])
      expect([code, message]).toEqual([code, table[code]?.text])
  })
})

describe('the limits of the vectors', () => {
  it('[WIR2] are those of the code', () => {
    const { chatUp, ...others } = vectors.wires
    expect(chatUp.maxBytes).toBe(MAX_MESSAGE_BYTES)
    for (const { maxBytes } of Object.values(others)) expect(maxBytes).toBe(MAX_NODE_MESSAGE_BYTES)
  })
})

describe('audio frames', () => {
  it.each(vectors.audioFrames.valid)('[WIR3] reads and writes: $name', ({ hex, rate, turn, sequence, samples }) => {
    const read = decodeAudioFrame(bytesOf(hex), rate)
    if (!read.ok) throw new Error(JSON.stringify(read.fault))
    const { pcm, ...header } = read.value
    expect(header).toEqual({ turn, sequence })
    expect(pcmFromBytes(pcm)).toEqual({ ok: true, value: Int16Array.from(samples) })
    expect(Buffer.from(encodeAudioFrame(read.value)).toString('hex')).toBe(hex)
  })

  it.each(vectors.audioFrames.invalid)('[WIR4] refuses: $name', ({ hex, rate, fault }) => {
    const read = decodeAudioFrame(bytesOf(hex), rate)
    expect(read.ok ? read : factsOf(read.fault)).toEqual(fault)
  })
})

describe('around the messages', () => {
  it('[WIR5] the heartbeat is two exact texts', () => {
    expect(vectors.heartbeat).toMatchObject({ ping: PING, pong: PONG })
  })

  it('[WIR6] each fault has its close code, HTTP status and advice', () => {
    const table = Object.entries(FAULT_TABLE).map(([code, { close, http, retry }]) => ({ code, close, http, retry }))
    expect(vectors.closeCodes.faults).toEqual(table)
    expect(vectors.closeCodes).toMatchObject({ resume: CLOSE_RESUME, replaced: CLOSE_REPLACED })
  })

  it.each(vectors.subprotocols.examples)(
    '[WIR7] reads the offer of $name',
    ({ header, answer, ticket, resumeToken }) => {
      const offered = readOfferedProtocols(header)
      expect(offered).toMatchObject({ ticket, resumeToken })
      expect(chosenProtocol(offered.protocols) ?? null).toBe(answer)
    },
  )
})
