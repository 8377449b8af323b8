// A caller who floods: as fast as the socket takes it, and on a new socket at once whenever he is hung up on. Forked by flood.ts.
import { WebSocket, type RawData } from 'ws'
import { systemClock } from '#shared/clock.ts'
import { CHAT_PROTOCOL } from '#shared/protocol/version.ts'
import { readSettings, serveParent } from './child.ts'
import { FLOOD_KINDS, type FloodCount, type FloodSettings } from './flood-kinds.ts'

/** What may wait in the socket: more would only fill this program. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024
const FRAMES_A_TURN = 200
/** After a dial that was refused. */
const AGAIN_MS = 50

const { url, key, kind } = readSettings<FloodSettings>()
const frameOf = FLOOD_KINDS[kind]
if (!frameOf) throw new Error(`no flood ${kind}`)
const count: FloodCount = { frames: 0, sockets: 0, codes: {} }

serveParent({ ready: {}, answers: { start: dial, count: () => count }, stop: async () => {} })

function dial(): void {
  count.sockets += 1
  const headers = { authorization: `Bearer ${key}` }
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws/chat`, [CHAT_PROTOCOL], { headers })
  let isRefused = false
  socket.on('open', () => socket.send(JSON.stringify({ type: 'session.start' })))
  socket.on('message', (content: RawData, isBinary: boolean) => {
    if (!isBinary && content.toString().includes('"session.ready"')) pour(socket, 0)
  })
  socket.on('error', () => (isRefused = true))
  socket.on('close', (code) => {
    const word = isRefused ? 0 : code
    count.codes[word] = (count.codes[word] ?? 0) + 1
    if (isRefused) systemClock.after(AGAIN_MS, dial)
    else dial()
  })
}

function pour(socket: WebSocket, from: number): void {
  if (socket.readyState !== WebSocket.OPEN || !frameOf) return
  let seq = from
  while (seq < from + FRAMES_A_TURN && socket.bufferedAmount < MAX_WAITING_BYTES) {
    socket.send(frameOf(++seq))
    count.frames += 1
  }
  setImmediate(() => pour(socket, seq))
}
