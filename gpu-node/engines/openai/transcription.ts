// One request to POST /v1/audio/transcriptions: audio in, text out, streamed where the server can. Used by stt.ts.
// Reads three answers: JSON, OpenAI's transcript.text.* events, and vLLM's chat-like chunks. Keeps nothing of the audio.
import * as v from 'valibot'
import { writeWav } from '#shared/audio/wav.ts'
import { FaultError } from '#shared/fault.ts'
import { EVENT_STREAM, parseJson, readEvents } from './events.ts'
import type { OpenAiServer } from './request.ts'
import { engineFailed, Exchange } from './request.ts'
import type { Language } from '#gpu-node/engines/ports.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'

export interface TranscriptionServer extends OpenAiServer {
  model: string
  /** Time to the first sign of an answer, and then between two. */
  answerTimeoutMs: number
  /** Whether to ask for a stream. Becomes false when the server refuses one. */
  canStream: boolean
}

export interface Transcription {
  samples: Int16Array
  language: Language
  /** Text that the model takes as said before. */
  prompt?: string
  signal: AbortSignal
  traceparent?: string
  /** The text as the server streams it, growing. */
  onText: (text: string) => void
}

const Answer = v.object({ text: v.string() })

const StreamEvent = v.union([
  v.pipe(
    v.object({ type: v.literal('transcript.text.delta'), delta: v.string() }),
    v.transform((event) => ({ add: event.delta })),
  ),
  v.pipe(
    v.object({ type: v.literal('transcript.text.done'), text: v.string() }),
    v.transform((event) => ({ whole: event.text })),
  ),
  v.pipe(
    v.object({ choices: v.array(v.object({ delta: v.nullish(v.object({ content: v.nullish(v.string()) })) })) }),
    v.transform((event) => ({ add: event.choices[0]?.delta?.content ?? '' })),
  ),
])

/** The text of the audio. A server that refuses streaming is asked once more without, and from then on always so. */
export async function transcribe(server: TranscriptionServer, request: Transcription): Promise<string> {
  if (!server.canStream) return await ask(server, request, false)
  try {
    return await ask(server, request, true)
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown
    const text = await ask(server, request, false)
    server.canStream = false
    return text
  }
}

const isRefusal = (thrown: unknown): boolean =>
  thrown instanceof FaultError &&
  thrown.fault.code === 'engine_failed' &&
  /^http (400|415|422|501)\b/.test(thrown.fault.detail ?? '')

async function ask(server: TranscriptionServer, request: Transcription, isStreamed: boolean): Promise<string> {
  const exchange = await Exchange.open(server, {
    path: 'audio/transcriptions',
    body: requestForm(server.model, request, isStreamed),
    signal: request.signal,
    traceparent: request.traceparent,
    limitMs: server.answerTimeoutMs,
  })
  try {
    if (exchange.contentType === EVENT_STREAM) return await readStream(server, exchange, request)
    // A server may take stream=true and answer whole; the answer's type decides.
    if (exchange.contentType === 'application/json') return readAnswer(await exchange.text(), server)
    throw engineFailed(server, { detail: `an answer of type ${exchange.contentType}`, transient: false })
  } finally {
    exchange.close()
  }
}

function requestForm(model: string, request: Transcription, isStreamed: boolean): FormData {
  const form = new FormData()
  const wav = new Blob([writeWav(request.samples, ENGINE_INPUT_RATE)], { type: 'audio/wav' })
  form.set('file', wav, 'utterance.wav')
  form.set('model', model)
  form.set('language', request.language)
  if (request.prompt !== undefined) form.set('prompt', request.prompt)
  form.set('response_format', 'json')
  if (isStreamed) form.set('stream', 'true')
  return form
}

function readAnswer(body: string, server: OpenAiServer): string {
  const answer = v.safeParse(Answer, parseJson(body, server))
  if (!answer.success) throw engineFailed(server, { detail: 'an answer without text', transient: false })
  return answer.output.text.trim()
}

async function readStream(server: TranscriptionServer, exchange: Exchange, request: Transcription): Promise<string> {
  let text = ''
  for await (const event of readEvents(exchange.bytes(), server)) {
    if (event.done) return text.trim()
    const parsed = v.safeParse(StreamEvent, event.json)
    // Other events (segments, usage) carry nothing that is needed here.
    if (!parsed.success) continue
    if ('whole' in parsed.output) return parsed.output.whole.trim()
    text += parsed.output.add
    exchange.within(server.answerTimeoutMs)
    request.onText(text.trim())
  }
  throw engineFailed(server, { detail: 'the stream ended before the text', transient: true })
}
