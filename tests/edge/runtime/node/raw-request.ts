// One request written byte by byte over a plain TCP connection: what no well-behaved client would send.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export const UPGRADE = [
  'connection: Upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  // The example of RFC 6455 §1.3.
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
]

export function open(url: string): Socket {
  const { hostname, port } = new URL(url)
  return connect(Number(port), hostname)
}

/** Sends a request line with headers, and perhaps a body; gives what came back when the first answer is there. */
export async function send(url: string, line: string, headers: string[] = [], body = ''): Promise<string> {
  const socket = open(url)
  socket.write([line, ...headers, '', body].join('\r\n'))
  return firstAnswer(socket)
}

export async function firstAnswer(socket: Socket): Promise<string> {
  try {
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    return bytes.toString()
  } finally {
    socket.destroy()
  }
}

/** Resolves once the far end has hung up. */
export async function hungUp(socket: Socket): Promise<void> {
  socket.on('error', () => {})
  socket.resume()
  if (!socket.closed) await once(socket, 'close')
}

/** Ends the connection with a reset (RFC 9293 §3.5.3) instead of a goodbye. */
export function reset(socket: Socket): Promise<unknown> {
  const closed = once(socket, 'close')
  socket.resetAndDestroy()
  return closed
}

export const statusOf = (answer: string): number => Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1])
