// Connections of one address and sockets of one user, on a real edge with small bounds.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { trusts } from '#edge/runtime/node/trusted-proxies.ts'
import { dialStatus } from '#tests/edge/http/dial-status.ts'
import { startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'

const opened: Array<Socket | WebSocket> = []
let edge: TestEdge | undefined
afterEach(async () => {
  for (const socket of opened.splice(0))
    if ('terminate' in socket) socket.terminate()
    else socket.destroy()
  await edge?.close()
  edge = undefined
})

/** A connection that says nothing: whether the edge keeps it. */
async function silent(from: string): Promise<'kept' | 'hungUp'> {
  const { hostname, port } = new URL(edge?.url ?? '')
  const socket = connect({ host: hostname, port: Number(port), localAddress: from })
  opened.push(socket)
  socket.on('error', () => {})
  await once(socket, 'connect')
  // A request that is answered shows that the edge has seen the connection before it.
  const closed = once(socket, 'close').then(() => 'hungUp' as const)
  const answered = ask('127.0.0.9').then(() => 'kept' as const)
  return Promise.race([closed, answered])
}

/** The status of a request from this address; undefined where it was hung up on. */
async function ask(from: string): Promise<number | undefined> {
  const { hostname, port } = new URL(edge?.url ?? '')
  const socket = connect({ host: hostname, port: Number(port), localAddress: from })
  socket.on('error', () => {})
  socket.write('GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n')
  let answer = ''
  socket.on('data', (bytes: Buffer) => (answer += bytes.toString()))
  await once(socket, 'close')
  return /^HTTP\/1.1 (\d+)/.test(answer) ? Number(answer.slice(9, 12)) : undefined
}

async function dial(key: string): Promise<WebSocket> {
  const socket = new WebSocket(`${edge?.url.replace('http', 'ws')}/ws/chat`, ['parley.chat.v1'], {
    headers: { authorization: `Bearer ${key}` },
  })
  opened.push(socket)
  await once(socket, 'open')
  return socket
}

describe('the gate of connections', () => {
  it('[HOS2] an address that holds silent connections shuts out itself, and nobody else', async () => {
    edge = await startTestEdge({ connections: { waiting: 4, all: 8 } })
    const kept = await Promise.all(Array.from({ length: 4 }, () => silent('127.0.0.1')))
    expect(kept).toEqual(['kept', 'kept', 'kept', 'kept'])
    expect(await silent('127.0.0.1')).toBe('hungUp')
    expect(await ask('127.0.0.1')).toBeUndefined()
    expect(await ask('127.0.0.2')).toBe(200)
    const [one] = opened.splice(0, 1) as Socket[]
    one?.end()
    if (one) await once(one.resume(), 'close')
    expect(await ask('127.0.0.1')).toBe(200)
  })

  it('[HOS3] sockets of users leave their address to others; each user has as many as he may', async () => {
    edge = await startTestEdge({ connections: { waiting: 3, all: 4 } })
    const pupils = await Promise.all(Array.from({ length: 3 }, () => (edge as TestEdge).newKey()))
    for (const { key } of pupils) for (let times = 0; times < 3; times++) await dial(key)
    expect(await ask('127.0.0.1')).toBe(200)
    const [first] = pupils
    expect(await dialStatus(edge.url, { headers: { authorization: `Bearer ${first?.key}` } })).toBe(429)
    const { token } = await edge.store.nodes.addNode({ name: 'home', now: Date.now() })
    for (let times = 0; times < 5; times++) {
      const socket = new WebSocket(`${edge.url.replace('http', 'ws')}/node/control`, ['parley.node.v1'], {
        headers: { authorization: `Bearer ${token}` },
      })
      opened.push(socket)
      await once(socket, 'open')
    }
    expect(await ask('127.0.0.1')).toBe(200)
  })

  it('[HOS4] what comes through a trusted proxy is not bounded by the proxy’s address', async () => {
    edge = await startTestEdge({ connections: { waiting: 1, all: 2 }, trustProxy: ['127.0.0.1'] })
    for (let times = 0; times < 4; times++) expect(await silent('127.0.0.1')).toBe('kept')
  })

  it.each([
    [true, '192.0.2.1', true],
    [false, '127.0.0.1', false],
    [['10.0.0.0/8', '::1'], '10.1.2.3', true],
    [['10.0.0.0/8', '::1'], '::ffff:10.1.2.3', true],
    [['10.0.0.0/8', '::1'], '::1', true],
    [['10.0.0.0/8', '::1'], '11.1.2.3', false],
    [['fd00::/8'], 'fd12::1', true],
    [['127.0.0.1'], 'unknown', false],
  ])('[HOS4] with %j the peer %s is trusted: %s', (proxies, address, isTrusted) => {
    expect(trusts(proxies)(address)).toBe(isTrusted)
  })
})
