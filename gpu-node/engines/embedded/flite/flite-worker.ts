// Worker thread of flite-tts.ts: speaks one part at a time and gives back its samples. Knows no queue and no abort.
import { workerData } from 'node:worker_threads'
import { trimSilence } from '#shared/audio/silence.ts'
import { readWav } from '#shared/audio/wav.ts'
import type { SpokenPart } from '#gpu-node/engines/embedded/embedded-speech.ts'
import { serveRequests } from '#gpu-node/engines/embedded/embedded-worker-port.ts'
import { FliteCommand, OUTPUT_PATH } from './flite-wasi.ts'

export interface FliteRequest {
  voice: string
  text: string
}

const { module } = workerData as { module: WebAssembly.Module }
// The next command is made beforehand: that takes half as long as speaking a short sentence.
let next = new FliteCommand(module)

serveRequests<FliteRequest>(({ voice, text }) => {
  const command = next
  try {
    const { samples, sampleRate } = readWav(command.run(['flite', '-voice', voice, '-t', text, '-o', OUTPUT_PATH]))
    const pcm = Int16Array.from(trimSilence(samples, sampleRate))
    const reply: SpokenPart = { pcm }
    return { reply, transfer: [pcm.buffer], afterwards: prepare }
  } catch (thrown) {
    prepare()
    throw thrown
  }
})

function prepare(): void {
  next = new FliteCommand(module)
}
