// The smallest client of Parley: asks the questions of some recordings, one after the other, and prints what was understood and
// what was answered. It lets the edge acknowledge for it, so a lost connection ends its call. complete.js resumes.
// Needs nothing but Node 22 or newer.
//
//   node minimal.js http://127.0.0.1:8787 "$PARLEY_KEY" question.wav …        WAV: 16 kHz, mono, 16 bits
import { readFileSync } from 'node:fs'

const [edge, key, ...files] = process.argv.slice(2)
/** A frame of audio: 100 ms at 16 kHz, PCM16. */
const FRAME_BYTES = 3_200

// A ticket opens one socket. It rides as a subprotocol, because no browser can set a header on a WebSocket.
const minted = await fetch(`${edge}/api/tickets`, { method: 'POST', headers: { authorization: `Bearer ${key}` } })
if (!minted.ok) throw new Error(`no ticket: ${minted.status} ${await minted.text()}`)
const { ticket } = await minted.json()
const socket = new WebSocket(`${edge.replace('http', 'ws')}/ws/chat`, ['parley.chat.v1', `parley.ticket.${ticket}`])
socket.binaryType = 'arraybuffer'

socket.onopen = () => socket.send(JSON.stringify({ type: 'session.start', acks: false }))

// --- what comes ---

let microphone
let samples = 0
socket.onmessage = ({ data }) => {
  // Binary: 8 bytes of header, then PCM16 of the reply. A program with a loudspeaker plays it.
  if (typeof data !== 'string') return void (samples += (data.byteLength - 8) / 2)
  const message = JSON.parse(data)
  switch (message.type) {
    case 'session.ready':
      return ask()
    case 'transcript.final':
      return console.log(`You: ${message.text}`)
    case 'reply.text':
      return console.log(`${' '.repeat(4)}${message.text.trim()}`)
    case 'reply.done':
      console.log(`(${message.status}, ${samples} of ${message.sentSamples} samples)`)
      samples = 0
      return ask()
    case 'fault':
      // The turn is lost, not the call. A person would be told, and would ask again.
      console.error(`fault: ${message.code}: ${message.message}`)
      return socket.send('{"type":"session.end"}')
  }
}
socket.onclose = ({ code }) => {
  clearInterval(microphone)
  console.log(`closed with ${code}`)
  process.exitCode = code === 1000 ? 0 : 1
}

// --- what goes ---

let recording = Buffer.alloc(0)
let sequence = 0

/** Asks the next question, or says goodbye. */
function ask() {
  const file = files.shift()
  if (file === undefined) return socket.send('{"type":"session.end"}')
  recording = readFileSync(file).subarray(44)
  microphone ??= setInterval(sendFrame, 100)
}

/**
 * A microphone never stops: its silence is what ends an utterance. A client that sends no audio for a while must ping instead, as
 * often as `heartbeat` of session.ready says.
 */
function sendFrame() {
  const frame = Buffer.alloc(8 + FRAME_BYTES)
  frame.writeUInt8(1, 0)
  frame.writeUInt32LE(++sequence, 4)
  recording.copy(frame, 8, 0, FRAME_BYTES)
  recording = recording.subarray(FRAME_BYTES)
  if (socket.readyState === WebSocket.OPEN) socket.send(frame)
}
