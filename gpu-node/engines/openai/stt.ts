// Speech recognition by any server of POST /v1/audio/transcriptions: our faster-whisper worker, vLLM, speaches, a hosted one.
// Such servers hear whole recordings, so an utterance is kept here and sent anew for each text; transcription.ts asks.
// Chosen by choose-engines.ts. Does not know when an utterance ends.
import { concatPcm } from '#shared/audio/pcm.ts'
import type { Log } from '#shared/log.ts'
import { faultOf } from '#shared/fault.ts'
import type { OpenAiAddress } from './request.ts'
import { openAiServer } from './request.ts'
import type { TranscriptionServer } from './transcription.ts'
import { transcribe } from './transcription.ts'
import type { Stt, SttOptions, SttStream } from '#gpu-node/engines/ports.ts'
import { ENGINE_INPUT_RATE } from '#gpu-node/engines/ports.ts'

/** Audio of one stream that is kept and sent. The session closes an utterance at 60 s; this is the same limit. */
export const MAX_STREAM_SAMPLES = 60 * ENGINE_INPUT_RATE
/** OpenAI refuses audio of less than 0.1 s, and nobody says a word in it. */
const MIN_STREAM_SAMPLES = ENGINE_INPUT_RATE / 10
/** New audio between two partial transcripts. Whisper pays for 30 s each time, whatever the length. */
export const PARTIAL_EVERY_MS = 1_000
/** Wait for an answer: 60 s of audio take a busy card a few seconds. */
export const ANSWER_TIMEOUT_MS = 15_000

export interface OpenAiSttOptions extends OpenAiAddress {
  log: Log
  /** 0 turns partial transcripts off. */
  partialEveryMs?: number
  answerTimeoutMs?: number
  /** False for servers that do worse when asked for a stream. */
  stream?: boolean
}

export function createOpenAiStt(options: OpenAiSttOptions): Stt {
  const server: TranscriptionServer = {
    ...openAiServer('stt', options),
    model: options.model,
    answerTimeoutMs: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
    canStream: options.stream ?? true,
  }
  const partialSamples = ((options.partialEveryMs ?? PARTIAL_EVERY_MS) * ENGINE_INPUT_RATE) / 1000
  return {
    engine: server.engine,
    open: async (stream) => {
      stream.signal.throwIfAborted()
      return new Recording({ server, stream, partialSamples, log: options.log })
    },
    close: async () => {},
  }
}

/** A request on its way. `samples` is how much audio it covers. */
interface Asking {
  samples: number
  text: Promise<string>
  controller: AbortController
}

interface RecordingOptions {
  server: TranscriptionServer
  stream: SttOptions
  /** 0 for never. */
  partialSamples: number
  log: Log
}

/** One utterance. Never two requests at once: a new one that covers more audio replaces the one on its way. */
class Recording implements SttStream {
  readonly #options: RecordingOptions
  #parts: Int16Array[] = []
  #samples = 0
  #state: 'open' | 'finishing' | 'closed' = 'open'
  #asking: Asking | undefined
  #answered = { samples: 0, text: '' }
  #latestPartial = ''
  #askedPartialAt = 0
  #isOverLimit = false

  constructor(options: RecordingOptions) {
    this.#options = options
  }

  push(pcm: Int16Array): void {
    if (this.#state !== 'open' || this.#options.stream.signal.aborted) return
    const room = MAX_STREAM_SAMPLES - this.#samples
    if (pcm.length > room && !this.#isOverLimit) {
      this.#isOverLimit = true
      this.#options.log.warn({ maxSamples: MAX_STREAM_SAMPLES }, 'an utterance is longer than is recognised')
    }
    const part = pcm.slice(0, room)
    if (part.length === 0) return
    this.#parts.push(part)
    this.#samples += part.length
    this.#askPartial()
  }

  snapshot(): Promise<string> {
    return this.#textSoFar()
  }

  async finish(): Promise<string> {
    if (this.#state === 'open') this.#state = 'finishing'
    try {
      return await this.#textSoFar()
    } finally {
      this.close()
    }
  }

  close(): void {
    this.#state = 'closed'
    this.#parts = []
    this.#asking?.controller.abort('replaced')
  }

  /** Asks though nobody waits. Skipped while a request is on its way; if it fails, no turn is harmed. */
  #askPartial(): void {
    const { partialSamples, stream, log } = this.#options
    const isDue = partialSamples > 0 && this.#samples - this.#askedPartialAt >= partialSamples
    if (!isDue || this.#asking || !stream.onPartial) return
    this.#askedPartialAt = this.#samples
    this.#ask().text.catch((thrown: unknown) => {
      if (typeof thrown !== 'string') log.warn({ fault: faultOf(thrown) }, 'a partial transcript failed')
    })
  }

  /** The text of all that was pushed when this was called, or of more. */
  async #textSoFar(): Promise<string> {
    const needed = this.#samples
    for (;;) {
      this.#options.stream.signal.throwIfAborted()
      if (needed < MIN_STREAM_SAMPLES) return ''
      if (this.#answered.samples >= needed) return this.#answered.text
      if (this.#isClosed()) throw 'replaced'
      const asking = this.#asking && this.#asking.samples >= needed ? this.#asking : this.#ask()
      try {
        return await asking.text
      } catch (thrown) {
        // Replaced by a request that covers more: its text is the answer to this question too.
        if (!asking.controller.signal.aborted || this.#isClosed()) throw thrown
      }
    }
  }

  #isClosed(): boolean {
    return this.#state === 'closed'
  }

  #ask(): Asking {
    this.#asking?.controller.abort('replaced')
    const controller = new AbortController()
    const asking: Asking = { samples: this.#samples, controller, text: this.#request(controller) }
    this.#asking = asking
    // Who waits sees the failure. Nobody may wait for a replaced request any more.
    const settle = (): void => {
      if (this.#asking === asking) this.#asking = undefined
    }
    asking.text.then(settle, settle)
    return asking
  }

  async #request(controller: AbortController): Promise<string> {
    const { server, stream } = this.#options
    const whole = concatPcm(this.#parts)
    this.#parts = [whole]
    const text = await transcribe(server, {
      samples: whole,
      language: stream.language,
      prompt: stream.prompt,
      signal: AbortSignal.any([stream.signal, controller.signal]),
      traceparent: stream.traceparent,
      // A streamed text starts anew at its first word; the caller's transcript must not shrink to it.
      onText: (part) => part.length > this.#latestPartial.length && this.#publish(part),
    })
    this.#answered = { samples: whole.length, text }
    this.#publish(text)
    return text
  }

  #publish(text: string): void {
    if (this.#state !== 'open' || text === this.#latestPartial) return
    this.#latestPartial = text
    this.#options.stream.onPartial?.(text)
  }
}
