// The far ends of the bare relay: dials it as often as it is told to, as a node dials the edge, and sends every message back.
// Forked by relay.ts.
import { WebSocket, type RawData } from 'ws'
import { readSettings, serveParent } from './child.ts'

export interface EchoDiallerSettings {
  url: string
  sockets: number
}

const { url, sockets } = readSettings<EchoDiallerSettings>()
const open: WebSocket[] = []
for (let i = 0; i < sockets; i++) {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.on('error', () => {})
  socket.on('message', (content: RawData, isBinary: boolean) => socket.send(content, { binary: isBinary }))
  open.push(socket)
}

serveParent({
  ready: {},
  stop: async () => {
    for (const socket of open) socket.terminate()
  },
})
