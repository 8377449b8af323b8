// One socket of the relay's load: carries 640-byte audio frames that hold the time of their sending, and takes them back.
// Against the edge it opens a session and keeps the link's rules; against an echo server it only numbers its frames.
import { WebSocket, type RawData } from 'ws'
import { systemClock } from '#shared/clock.ts'
import { startKeepalive } from '#shared/link/keepalive.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import { readAck } from '#shared/protocol/ack.ts'
import { AUDIO_HEADER_BYTES, encodeAudioFrame, sequenceOf } from '#shared/protocol/audio-frame.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { PONG } from '#shared/protocol/decode.ts'
import { CALLER_DEAD_AFTER_MS, PING_EVERY_MS } from '#shared/protocol/limits.ts'
import { CHAT_PROTOCOL } from '#shared/protocol/version.ts'
import { monotonicMs } from './monotonic.ts'

/** 20 ms of PCM16 at 16 kHz. */
export const FRAME_BYTES = 640

export interface LinkSocket {
  send(): void
  /** False once it was closed by the other side. */
  readonly isOpen: boolean
  close(): void
}

export interface SessionSocket extends LinkSocket {
  /** Ends the session, so that its slot is free and its memory too; resolves when the edge has closed the socket. */
  end(): Promise<void>
}

export type OnReturn = (sentAtMs: number, returnedAtMs: number) => void

/** A plain socket whose other end sends everything back. */
export async function openEchoSocket(url: string, onReturn: OnReturn): Promise<LinkSocket> {
  const socket = await open(url, [], {})
  let sequence = 0
  socket.on('message', (content: RawData) => onReturn(stampOf(bytesOf(content)), monotonicMs()))
  return {
    send: () => socket.send(encodeAudioFrame({ turn: 0, sequence: ++sequence, pcm: stamped() })),
    get isOpen() {
      return socket.readyState === WebSocket.OPEN
    },
    close: () => socket.terminate(),
  }
}

/** A session at the edge whose node sends all audio back. */
export async function openSessionSocket(
  edge: { url: string; key: string },
  onReturn: OnReturn,
): Promise<SessionSocket> {
  const url = `${edge.url.replace(/^http/, 'ws')}/ws/chat`
  const socket = await open(url, [CHAT_PROTOCOL], { authorization: `Bearer ${edge.key}` })
  const link = new LinkEnd({ clock: systemClock, onOverflow: () => socket.terminate() })
  const ready = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  const keepalive = startKeepalive({
    clock: systemClock,
    pingEveryMs: PING_EVERY_MS,
    deadAfterMs: CALLER_DEAD_AFTER_MS,
    send: (text) => socket.send(text),
    onDead: () => socket.terminate(),
  })
  socket.on('close', (code) => {
    keepalive.stop()
    link.close()
    closed.resolve()
    ready.reject(new Error(`the edge closed a session with ${code}`))
  })
  socket.on('message', (content: RawData, isBinary: boolean) => {
    keepalive.heard()
    if (!isBinary) return hear(content.toString())
    const bytes = bytesOf(content)
    if (link.accept(sequenceOf(bytes)) === 'new') onReturn(stampOf(bytes), monotonicMs())
  })
  function hear(text: string): void {
    if (text === PONG) return
    const acked = readAck(text)
    if (acked !== undefined) return link.acked(acked)
    const message = JSON.parse(text) as ChatDown
    if (message.type === 'session.ready') ready.resolve()
    if (message.type === 'fault') ready.reject(new Error(`fault ${message.code}`))
  }
  socket.send(JSON.stringify({ type: 'session.start' }))
  await ready.promise
  link.attach((frame) => {
    keepalive.sent()
    if (socket.readyState === WebSocket.OPEN) socket.send(frame)
  })
  return {
    async end() {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify({ type: 'session.end' }))
      await closed.promise
    },
    send: () => void link.sendAudio(0, stamped()),
    get isOpen() {
      return socket.readyState === WebSocket.OPEN
    },
    close: () => socket.terminate(),
  }
}

// One frame for all: it is copied into each message. The load must not be the one that makes the garbage.
const samples = new Uint8Array(FRAME_BYTES)
const stamp = new DataView(samples.buffer)

/** A frame's samples, the first four of them the time of its sending. */
function stamped(): Uint8Array {
  stamp.setFloat64(0, monotonicMs(), true)
  return samples
}

const stampOf = (bytes: Buffer): number => bytes.readDoubleLE(AUDIO_HEADER_BYTES)

/** Sockets here leave `binaryType` as it is, and frames are too short to come in parts. */
const bytesOf = (content: RawData): Buffer => content as Buffer

async function open(url: string, protocols: string[], headers: Record<string, string>): Promise<WebSocket> {
  const socket = new WebSocket(url, protocols, { headers, perMessageDeflate: false })
  await new Promise((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  // A close follows, and counts as loss.
  socket.on('error', () => {})
  return socket
}
