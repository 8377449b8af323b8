// What a room says, as bytes on its socket: held against the reader of `ws`, and against the order of a whole turn of the loop.
import { PassThrough, type Writable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import * as ws from 'ws'
import { WebSocket } from 'ws'
import { SocketWriter } from '#edge/runtime/node/socket-writer.ts'
import type { Frame } from '#shared/link/frame.ts'

/** Its types leave it out. */
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable }

/** Of a `ws` socket only what the writer touches. */
function world() {
  const stream = new PassThrough({ highWaterMark: 64 * 1024 * 1024 })
  const writes: Buffer[] = []
  stream.on('data', (bytes: Buffer) => writes.push(bytes))
  const closes: number[] = []
  const state = { readyState: WebSocket.OPEN as number, bufferedAmount: 0 }
  const socket = Object.assign(state, {
    close: (code: number) => {
      closes.push(code)
      state.readyState = WebSocket.CLOSING
    },
  })
  const writer = new SocketWriter(socket as unknown as WebSocket, stream)
  return { writer, writes, closes, socket }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

function read(writes: Buffer[]): Promise<Frame[]> {
  const frames: Frame[] = []
  const receiver = new Receiver({ isServer: false, allowSynchronousEvents: true })
  receiver.on('message', (content: Buffer, isBinary: boolean) =>
    frames.push(isBinary ? new Uint8Array(content) : content.toString()),
  )
  return new Promise((resolve, reject) => {
    receiver.on('error', reject)
    receiver.write(Buffer.concat(writes), () => resolve(frames))
  })
}

describe('a socket writer', () => {
  it('[BEN23] writes frames of any length that `ws` reads back, in order', async () => {
    const length = fc.oneof(fc.constantFrom(0, 1, 125, 126, 65_535, 65_536, 70_000), fc.integer({ min: 0, max: 300 }))
    const frame = fc.oneof(
      length.map((bytes): Frame => Uint8Array.from({ length: bytes }, (_, i) => i)),
      length.map((chars): Frame => 'x'.repeat(chars)),
      fc.string({ unit: 'grapheme' }).map((text): Frame => text),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(frame, { maxLength: 8 }), async (frames) => {
        const { writer, writes } = world()
        for (const one of frames) writer.send(one)
        await turn()
        expect(await read(writes)).toEqual(frames)
      }),
      { numRuns: 60 },
    )
  })

  it('[BEN23] makes one write of a turn of the loop, and tells until then what waits', async () => {
    const { writer, writes } = world()
    writer.send('{"type":"ack","received":7}')
    writer.send(new Uint8Array(648))
    expect(writer.bufferedAmount).toBeGreaterThan(648)
    await turn()
    expect(writes).toHaveLength(1)
    expect(writer.bufferedAmount).toBe(0)
    writer.send('a')
    await turn()
    expect(writes).toHaveLength(2)
  })

  it('[BEN23] lets what was said before a close leave first, and nothing after it', async () => {
    const { writer, writes, closes } = world()
    writer.send('last')
    writer.close(1000, 'done')
    writer.send('too late')
    await turn()
    expect([await read(writes), closes]).toEqual([['last'], [1000]])
  })

  it('[BEN23] says nothing to a peer that has closed meanwhile', async () => {
    const { writer, writes, socket } = world()
    writer.send('too late')
    socket.readyState = WebSocket.CLOSING
    await turn()
    expect(writes).toEqual([])
  })

  it('[BEN23] does not gather a whole replay first', () => {
    const { writer, writes } = world()
    for (let i = 0; i < 3_000; i++) writer.send(new Uint8Array(648))
    expect(writes.length).toBeGreaterThan(20)
    expect(Math.max(...writes.map(({ length }) => length))).toBeLessThan(70_000)
  })
})
