// The least GPU node that can be: it dials out and speaks both wires of a node, and sends a session's audio back as it came.
// Forked by relay.ts, so that what is measured is the edge and not a turn.
import { WebSocket, type RawData } from 'ws'
import { connectOnce } from '#gpu-node/tunnel/connect-once.ts'
import { systemClock } from '#shared/clock.ts'
import type { Frame } from '#shared/link/frame.ts'
import { startKeepalive, type Keepalive } from '#shared/link/keepalive.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import { readAck } from '#shared/protocol/ack.ts'
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

/** The data socket is the node's own, with its heartbeat: what it sends in how many writes is part of the edge's work. */
function accept({ sessionId, epoch, ticket }: Offer): void {
  say({ type: 'offer.accepted', sessionId, epoch })
  let link: LinkEnd | undefined
  let inputRate = 0
  let keepalive: Keepalive | undefined
  const send = (frame: Frame): void => {
    keepalive?.sent()
    connection.send(frame)
  }
  const connection = connectOnce(
    { url: `${base}/node/session/${sessionId}`, protocols: [SESSION_PROTOCOL, TICKET_PREFIX + ticket], token },
    {
      onOpen: () => {
        const pace = { pingEveryMs: PING_MS, deadAfterMs: DATA_SILENT_AFTER_MS }
        const onDead = (): void => connection.cut()
        keepalive = startKeepalive({ clock: systemClock, ...pace, send: (text) => connection.send(text), onDead })
      },
      onFrame: (frame) => {
        keepalive?.heard()
        if (typeof frame === 'string') return hear(frame)
        // A view is enough: what is sent back is a copy.
        const read = decodeAudioFrame(frame, inputRate)
        if (read.ok && link?.accept(read.value.sequence) === 'new') link.sendAudio(1, read.value.pcm)
      },
      onEnd: () => {
        keepalive?.stop()
        link?.close()
      },
    },
  )
  function hear(text: string): void {
    if (text === PONG) return
    const acked = readAck(text)
    if (acked !== undefined) return link?.acked(acked)
    const message = JSON.parse(text) as EdgeSessionMessage
    if (message.type === 'session.end') return connection.close(CLOSE_NORMAL, 'done')
    if (message.type !== 'session.begin') return
    inputRate = message.audio.inputRate
    link = new LinkEnd({ clock: systemClock, firstSeq: message.nextSeq, onOverflow: () => connection.cut() })
    link.attach(send)
    send(JSON.stringify({ type: 'session.begun', engines: [] }))
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
