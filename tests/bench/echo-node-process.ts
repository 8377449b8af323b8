// The least GPU node that can be: it dials out and speaks both wires of a node, and sends a session's audio back as it came.
// Forked by relay.ts, so that what is measured is the edge and not a turn.
import { WebSocket, type RawData } from 'ws'
import { systemClock } from '#shared/clock.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import { DATA_SILENT_AFTER_MS } from '#shared/protocol/limits.ts'
import type { EdgeControlMessage, NodeControlMessage } from '#shared/protocol/node-messages.ts'
import type { EdgeSessionMessage } from '#shared/protocol/session-messages.ts'
import { NODE_PROTOCOL, SESSION_PROTOCOL, TICKET_PREFIX } from '#shared/protocol/version.ts'
import { readSettings, serveParent } from './child.ts'

export interface EchoNodeSettings {
  edgeUrl: string
  token: string
  slots: number
}

type Offer = Extract<EdgeControlMessage, { type: 'session.offer' }>

/** RFC 6455 §7.4.1. */
const CLOSE_NORMAL = 1000
/** As the real node: four chances to be heard. */
const PING_MS = DATA_SILENT_AFTER_MS / 4

const { edgeUrl, token, slots } = readSettings<EchoNodeSettings>()
const base = edgeUrl.replace(/^http/, 'ws')
const welcome = Promise.withResolvers<void>()
const control = dial('/node/control', [NODE_PROTOCOL])
control.on('open', () =>
  say({
    type: 'node.hello',
    name: 'echo',
    version: '0.0.0',
    slots,
    freeSlots: slots,
    sessions: [],
    engines: [],
    vram: null,
  }),
)
control.on('message', (content: RawData) => {
  const text = content.toString()
  if (text === PONG) return
  const message = JSON.parse(text) as EdgeControlMessage
  if (message.type === 'node.welcome') welcome.resolve()
  if (message.type === 'session.offer') accept(message)
})
await welcome.promise
serveParent({ ready: {}, stop: async () => control.terminate() })

function say(message: NodeControlMessage): void {
  control.send(JSON.stringify(message))
}

function accept({ sessionId, epoch, ticket }: Offer): void {
  say({ type: 'offer.accepted', sessionId, epoch })
  const socket = dial(`/node/session/${sessionId}`, [SESSION_PROTOCOL, TICKET_PREFIX + ticket])
  let link: LinkEnd | undefined
  let inputRate = 0
  socket.on('close', () => link?.close())
  socket.on('message', (content: RawData, isBinary: boolean) => {
    if (!isBinary) return hear(content.toString())
    // A view is enough: what is sent back is a copy.
    const read = decodeAudioFrame(content as Buffer, inputRate)
    if (read.ok && link?.accept(read.value.sequence) === 'new') link.sendAudio(1, read.value.pcm)
  })
  function hear(text: string): void {
    if (text === PONG) return
    const message = JSON.parse(text) as EdgeSessionMessage
    if (message.type === 'ack') link?.acked(message.received)
    if (message.type === 'session.end') return socket.close(CLOSE_NORMAL)
    if (message.type !== 'session.begin') return
    inputRate = message.audio.inputRate
    link = new LinkEnd({ clock: systemClock, firstSeq: message.nextSeq, onOverflow: () => socket.terminate() })
    link.attach((frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(frame)
    })
    socket.send(JSON.stringify({ type: 'session.begun', engines: [] }))
  }
}

function dial(path: string, protocols: string[]): WebSocket {
  const headers = { authorization: `Bearer ${token}` }
  const socket = new WebSocket(base + path, protocols, { headers, perMessageDeflate: false })
  const stopPings = systemClock.every(PING_MS, () => {
    if (socket.readyState === WebSocket.OPEN) socket.send(PING)
  })
  socket.on('error', () => {})
  socket.on('close', stopPings)
  return socket
}
