// A worker thread that speaks the protocol of pocketsphinx-worker.ts without recognising anything: its text counts the
// pushes of the utterance. A push that begins with CRASH ends the thread.
import { sendEvent, serveRequests } from '#gpu-node/engines/embedded/embedded-worker-port.ts'
import type { RecogniserRequest } from '#gpu-node/engines/embedded/pocketsphinx/pocketsphinx-worker.ts'

const CRASH = -1
let current = { utterance: 0, pushes: 0 }

serveRequests<RecogniserRequest>(
  (request) => {
    if (request.type === 'load') return { reply: undefined }
    if (request.utterance !== current.utterance) current = { utterance: request.utterance, pushes: 0 }
    if (request.type !== 'push') return { reply: `${current.pushes} pushes` }
    if (request.pcm[0] === CRASH) throw new Error('told to crash')
    current.pushes++
    sendEvent({ utterance: current.utterance, text: `${current.pushes}` })
    return { reply: undefined }
  },
  { endsOnFailure: true },
)
