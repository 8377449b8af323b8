import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { WebSocket as NodeSocket } from 'ws'
import { isTeardownRace, type SocketLike } from '#shared/link/socket.ts'

async function deafServer(): Promise<{ url: string; close: () => void }> {
  const server = createServer(() => {})
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { url: `ws://127.0.0.1:${port}`, close: () => server.close() }
}

const thrownBy = (run: () => void): unknown => {
  try {
    run()
  } catch (error) {
    return error
  }
  return undefined
}

it('[LNK15] a socket that is given up before it was open is a teardown race', async () => {
  const server = await deafServer()
  const socket = new NodeSocket(server.url)
  const failed = once(socket, 'error')
  socket.close()
  const [error] = await failed
  server.close()
  expect(isTeardownRace(error)).toBe(true)
})

it('[LNK15] sending before a socket is open is a bug and no race', async () => {
  const server = await deafServer()
  const socket = new NodeSocket(server.url)
  socket.on('error', () => {})
  const error = thrownBy(() => socket.send('x'))
  socket.terminate()
  server.close()
  expect(error).toBeInstanceOf(Error)
  expect(isTeardownRace(error)).toBe(false)
})

it.each([
  Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }),
  Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }),
  new Error('WebSocket is not open: readyState 2 (CLOSING)'),
  new TypeError("Can't call WebSocket send() after close()."),
  new Error('Network connection lost.'),
])('[LNK15] %s is a teardown race', (error) => {
  expect(isTeardownRace(error)).toBe(true)
})

it.each([new Error('out of memory'), new TypeError('frame is undefined'), 'EPIPE', undefined])(
  '[LNK15] %s is none',
  (error) => {
    expect(isTeardownRace(error)).toBe(false)
  },
)

it('[LNK15] the sockets of browsers and of Node fit', () => {
  // Types alone decide: this fails to compile where one of them does not fit.
  const fit: Array<(socket: never) => SocketLike> = [(socket: WebSocket) => socket, (socket: NodeSocket) => socket]
  expect(fit).toHaveLength(2)
})
