// Worker thread of pocketsphinx-stt.ts: one recogniser, one utterance at a time, everything in the order it was sent.
// Decoding is synchronous, so a request is answered with what all audio before it says. Knows no queue of callers.
import { workerData } from 'node:worker_threads'
import { sendEvent, serveRequests } from '#gpu-node/engines/embedded/embedded-worker-port.ts'
import type { Answer } from '#gpu-node/engines/embedded/embedded-worker-port.ts'
import { Utterance } from './pocketsphinx-utterance.ts'
import { loadDecoder } from './pocketsphinx-wasm.ts'

export type RecogniserRequest =
  | { type: 'load' }
  | { type: 'push'; utterance: number; pcm: Int16Array }
  | { type: 'snapshot' | 'finish' | 'drop'; utterance: number }
export interface RecogniserEvent {
  utterance: number
  text: string
}
export interface RecogniserSetup {
  module: WebAssembly.Module
  /** One shared cell: the utterance still wanted. Audio of others is passed over, so that a backlog ends at once. */
  wanted: Int32Array
}

const { module, wanted } = workerData as RecogniserSetup
const decoder = await loadDecoder(module)
let current = { number: 0, partial: '', utterance: new Utterance(decoder) }

serveRequests<RecogniserRequest>(answer, { endsOnFailure: true })

function answer(request: RecogniserRequest): Answer {
  if (request.type === 'load') return { reply: undefined }
  if (request.utterance !== current.number) begin(request.utterance)
  const { utterance } = current
  switch (request.type) {
    case 'push':
      if (Atomics.load(wanted, 0) === request.utterance) tellPartial(utterance.push(request.pcm))
      return { reply: undefined }
    case 'snapshot':
      return { reply: utterance.snapshot() }
    case 'finish':
      return { reply: utterance.finish() }
    case 'drop':
      utterance.drop()
      return { reply: undefined }
  }
}

function begin(number: number): void {
  current.utterance.drop()
  current = { number, partial: '', utterance: new Utterance(decoder) }
}

function tellPartial(text: string | undefined): void {
  if (text === undefined || text === current.partial) return
  current.partial = text
  sendEvent({ utterance: current.number, text } satisfies RecogniserEvent)
}
