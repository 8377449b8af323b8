// The edge as a GPU node sees it: a real WebSocket server that does what a test says. It reads each message of the node by the
// wire's own schema, so that a node that speaks wrongly fails its test. Knows nothing of the real edge.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import * as v from 'valibot'
import type { WebSocket } from 'ws'
import { WebSocketServer } from 'ws'
import { PING, PONG } from '#shared/protocol/decode.ts'
import type { AudioFrame } from '#shared/protocol/audio-frame.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { NodeControlMessage } from '#shared/protocol/node-messages.ts'
import { NodeSessionMessage } from '#shared/protocol/session-messages.ts'
import type { OfferedProtocols } from '#shared/protocol/version.ts'
import { readOfferedProtocols } from '#shared/protocol/version.ts'

/** Audio of any usual rate is let through. */
const HIGHEST_RATE = 48_000

/** How an upgrade is refused. */
export interface ScriptedRefusal {
  status: number
  body?: unknown
  headers?: Record<string, string>
}

/** One socket of the node. `M`: what the node may say on it. */
export interface ScriptedPeer<M extends { type: string }> {
  readonly path: string
  readonly query: URLSearchParams
  readonly authorization: string | undefined
  readonly offered: OfferedProtocols
  /** All that came, oldest first, heartbeats left out. */
  readonly messages: M[]
  readonly audio: AudioFrame[]
  readonly closed: Promise<{ code: number }>
  /** The next message of this type that no one has waited for yet. */
  next<T extends M['type']>(type: T): Promise<Extract<M, { type: T }>>
  nextAudio(): Promise<AudioFrame>
  send(frame: object | string | Uint8Array): void
  close(code: number, reason?: string): void
  /** As a cable that is pulled. */
  cut(): void
}

export interface ScriptedEdge {
  readonly url: string
  /** Asked at each upgrade; undefined lets it in. */
  refuse: (path: string) => ScriptedRefusal | undefined
  /** When false, pings stay without an answer. */
  answersPings: boolean
  /** When false, a test acknowledges by itself what comes on a data socket. */
  acknowledges: boolean
  nextControl(): Promise<ScriptedPeer<NodeControlMessage>>
  nextData(): Promise<ScriptedPeer<NodeSessionMessage>>
  close(): Promise<void>
}

export async function startScriptedEdge(port = 0): Promise<ScriptedEdge> {
  const controls = createQueue<ScriptedPeer<NodeControlMessage>>()
  const datas = createQueue<ScriptedPeer<NodeSessionMessage>>()
  const server = createServer((_request, response) => response.writeHead(404).end())
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false })
  server.on('upgrade', (request, socket, head) => {
    const path = new URL(request.url ?? '/', 'http://edge').pathname
    const refusal = edge.refuse(path)
    if (refusal) return sendRefusal(socket, refusal)
    sockets.handleUpgrade(request, socket, head, (webSocket) => {
      if (path === '/node/control') controls.push(createPeer(edge, request, webSocket, NodeControlMessage))
      else datas.push(createPeer(edge, request, webSocket, NodeSessionMessage))
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const edge: ScriptedEdge = {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    refuse: () => undefined,
    answersPings: true,
    acknowledges: true,
    nextControl: controls.next,
    nextData: datas.next,
    close: async () => {
      for (const client of sockets.clients) client.terminate()
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
  return edge
}

function sendRefusal(socket: Duplex, { status, body, headers = {} }: ScriptedRefusal): void {
  const text = body === undefined ? '' : JSON.stringify(body)
  const lines = Object.entries({ ...headers, 'content-length': String(text.length), connection: 'close' })
  socket.end(`HTTP/1.1 ${status} No\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${text}`)
}

function createPeer<M extends { type: string }>(
  edge: ScriptedEdge,
  request: IncomingMessage,
  socket: WebSocket,
  schema: v.GenericSchema<unknown, M>,
): ScriptedPeer<M> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://edge')
  const messages: M[] = []
  const audio: AudioFrame[] = []
  const unread: M[] = []
  const waiting = new Set<() => void>()
  const heardAudio = createQueue<AudioFrame>()
  socket.on('message', (content: Buffer, isBinary) => {
    if (isBinary) return takeAudio(content)
    const text = content.toString()
    if (text === PING) return edge.answersPings ? socket.send(PONG) : undefined
    if (text === PONG) return
    const message = v.parse(schema, JSON.parse(text))
    if ('seq' in message) acknowledge(message.seq)
    messages.push(message)
    unread.push(message)
    for (const wake of waiting) wake()
  })
  function acknowledge(received: unknown): void {
    if (edge.acknowledges && typeof received === 'number') socket.send(JSON.stringify({ type: 'ack', received }))
  }
  function takeAudio(content: Buffer): void {
    const frame = decodeAudioFrame(new Uint8Array(content), HIGHEST_RATE)
    if (!frame.ok) throw new Error(`the node sent unreadable audio: ${JSON.stringify(frame.fault)}`)
    acknowledge(frame.value.sequence)
    audio.push(frame.value)
    heardAudio.push(frame.value)
  }
  return {
    path: pathname,
    query: searchParams,
    authorization: request.headers.authorization,
    offered: readOfferedProtocols(request.headers['sec-websocket-protocol']),
    messages,
    audio,
    closed: new Promise((resolve) => socket.once('close', (code) => resolve({ code }))),
    next: <T extends M['type']>(type: T) =>
      new Promise<Extract<M, { type: T }>>((resolve) => {
        const look = (): void => {
          const at = unread.findIndex((message) => message.type === type)
          if (at < 0) return
          waiting.delete(look)
          resolve(unread.splice(at, 1)[0] as Extract<M, { type: T }>)
        }
        waiting.add(look)
        look()
      }),
    nextAudio: heardAudio.next,
    send: (frame) =>
      socket.send(typeof frame === 'string' || frame instanceof Uint8Array ? frame : JSON.stringify(frame)),
    close: (code, reason) => socket.close(code, reason),
    cut: () => socket.terminate(),
  }
}

interface Queue<T> {
  push(item: T): void
  next(): Promise<T>
}

function createQueue<T>(): Queue<T> {
  const items: T[] = []
  const takers: Array<(item: T) => void> = []
  return {
    push: (item) => {
      const taker = takers.shift()
      if (taker) taker(item)
      else items.push(item)
    },
    next: () => {
      const item = items.shift()
      return item === undefined ? new Promise((resolve) => takers.push(resolve)) : Promise.resolve(item)
    },
  }
}
