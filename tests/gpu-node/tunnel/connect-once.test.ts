// The node's socket against a real server: what leaves together arrives together.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { connectOnce, type Connection } from '#gpu-node/tunnel/connect-once.ts'
import type { Frame } from '#shared/link/frame.ts'

it('[TUN21] what a node says in one turn of the event loop leaves in one write, in order, a close last', async () => {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, handleProtocols: () => 'p' })
  await once(server, 'listening')
  const heard: string[] = []
  const closed = new Promise<number>((resolve) => {
    server.on('connection', (socket, { socket: raw }) => {
      raw.on('data', () => heard.push('read'))
      socket.on('message', (content: Buffer, isBinary) =>
        heard.push(isBinary ? `${content.length} bytes` : content.toString()),
      )
      socket.on('close', resolve)
    })
  })
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
  const frames: Frame[] = [new Uint8Array(648), '{"type":"ack","received":7}']
  const connection: Connection = connectOnce(
    { url, protocols: ['p'], token: 't' },
    {
      onOpen: () => {
        for (const frame of frames) connection.send(frame)
        setImmediate(() => {
          connection.send('last')
          connection.close(1000, 'done')
        })
      },
      onFrame: () => {},
      onEnd: () => {},
    },
  )
  expect(await closed).toBe(1000)
  expect(heard.filter((what) => what !== 'read')).toEqual(['648 bytes', '{"type":"ack","received":7}', 'last'])
  // Both of a turn came in one read; the last with the close.
  expect(heard.filter((what) => what === 'read').length).toBeLessThanOrEqual(2)
  server.close()
})
