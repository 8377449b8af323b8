// Asks the questions of some recordings, one after the other, with the client of parley-client.js. It acknowledges, says how much
// of a reply was heard, and resumes after a lost connection. Needs nothing but Node 22 or newer.
//
//   node complete.js http://127.0.0.1:8787 "$PARLEY_KEY" question.wav …        WAV: 16 kHz, mono, 16 bits
import { readFileSync } from 'node:fs'
import { Loudspeaker, ParleyCall } from './parley-client.js'

const [edge, key, ...files] = process.argv.slice(2)
const FRAME_SAMPLES = 1_600

let microphone
let speaker
let recording = new Int16Array(0)
let samples = 0

const call = new ParleyCall({
  edge,
  async getTicket() {
    const answer = await fetch(`${edge}/api/tickets`, { method: 'POST', headers: { authorization: `Bearer ${key}` } })
    if (!answer.ok) throw new Error(`no ticket: ${answer.status}`)
    return (await answer.json()).ticket
  },
  onMessage(message) {
    speaker?.message(message)
    switch (message.type) {
      case 'session.ready':
        // A program with a loudspeaker plays the pieces; this one only lets their time pass.
        speaker = new Loudspeaker({ call, rate: message.audio.outputRate, sound() {} })
        return ask()
      case 'utterance.started':
        return console.log('(hearing you)')
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
        return call.end()
    }
  },
  onAudio(turn, pcm) {
    samples += pcm.length
    speaker.audio(turn, pcm)
  },
  onState(state, reason) {
    console.log(reason === undefined ? state : `${state}: ${reason}`)
    if (state !== 'ended') return
    clearInterval(microphone)
    speaker?.close()
    process.exitCode = reason === 'caller' ? 0 : 1
  },
})

/** Asks the next question, or says goodbye. */
function ask() {
  const file = files.shift()
  if (file === undefined) return call.end()
  const bytes = readFileSync(file)
  recording = new Int16Array(bytes.buffer.slice(bytes.byteOffset + 44, bytes.byteOffset + bytes.length))
  microphone ??= setInterval(sendFrame, 100)
}

/** A microphone never stops, and its silence is what ends an utterance. */
function sendFrame() {
  const frame = new Int16Array(FRAME_SAMPLES)
  frame.set(recording.subarray(0, FRAME_SAMPLES))
  recording = recording.subarray(FRAME_SAMPLES)
  call.sendAudio(frame)
}
