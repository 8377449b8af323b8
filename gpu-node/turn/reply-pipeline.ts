// One answer being made: LLM tokens become pieces, pieces become audio while later tokens arrive, all of it goes to the
// pacer in order. Used by reply.ts. Knows no turn, no caller, and not whether anybody will hear it.
import { Resampler } from '#shared/audio/resample.ts'
import type { Clock } from '#shared/clock.ts'
import { FaultError } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import { languageOf, type Language, type Script } from '#shared/model/language.ts'
import { MAX_TURN_TEXT_CHARS } from '#shared/model/turn.ts'
import { engineId } from '#shared/model/engine.ts'
import type { Llm, LlmDelta, PromptMessage, Tts } from '#gpu-node/engines/ports.ts'
import { streamWithin } from './engine-watch.ts'
import { logFailure } from './log-failure.ts'
import { PieceQueue } from './piece-queue.ts'
import { estimateTokens, MAX_REPLY_TOKENS, promptTokens } from './prompt.ts'
import type { ReplyPacer } from './reply-pacer.ts'
import { inScript, type Convert } from './script.ts'
import { SpeakableSplitter } from './speakable.ts'
import { CodeFence } from '#gpu-node/turn/spoken/code-fence.ts'
import { spokenText } from './spoken-text.ts'

/** Between two tokens, or two bits of audio. Over every engine's own limit, so that its better fault comes first. */
export const ENGINE_LIMIT_MS = 20_000
/** A second try after a transient failure, once what failed had time to recover. */
export const LLM_RETRY_MS = 100
/** Audio of one piece: four times what MAX_PIECE_WIDTH can take to say. A TTS that goes on is broken. */
const MAX_PIECE_AUDIO_MS = 60_000

export interface PipelineOptions {
  llm: Llm
  tts: Tts
  clock: Clock
  log: Log
  messages: PromptMessage[]
  language: Language
  /** The persona's: what is shown and stored is in it. */
  script: Script | null
  voice: string | null
  traceparent: string
  signal: AbortSignal
  outputRate: number
  pacer: ReplyPacer
}

export class ReplyPipeline {
  private readonly options: PipelineOptions
  private readonly pieces = new PieceQueue()
  private counted: { promptTokens: number; completionTokens: number } | undefined
  private isAsked = false
  private readonly convert: Convert
  private readonly fence = new CodeFence()
  /** What the LLM has said so far, as it came; and how much of it is in pieces, as they are shown. */
  private raw = ''
  private cutChars = 0
  private shown = ''
  /** By the clock; undefined until it happened. */
  readonly times: { asked?: number; firstToken?: number; firstPiece?: number; firstAudio?: number } = {}

  constructor(options: PipelineOptions) {
    this.options = options
    this.convert = inScript(options.script)
  }

  /** What the LLM has said so far, in the persona's script: the pieces, and what is no piece yet. */
  get text(): string {
    return (this.shown + this.convert(this.raw.slice(this.cutChars))).slice(0, MAX_TURN_TEXT_CHARS)
  }

  /** Resolves when all was given to the pacer; rejects with an engine's fault or the signal's reason. */
  async run(): Promise<void> {
    await Promise.all([this.think(), this.speak()])
  }

  /** Tokens so far; estimated where the engine did not tell, as after an abort. */
  usage(): { promptTokens: number; completionTokens: number } {
    if (this.counted) return this.counted
    if (!this.isAsked) return { promptTokens: 0, completionTokens: 0 }
    return { promptTokens: promptTokens(this.options.messages), completionTokens: estimateTokens(this.text) }
  }

  private async think(): Promise<void> {
    const { clock, signal, log } = this.options
    try {
      await this.readTokens()
    } catch (thrown) {
      if (!isTransient(thrown) || this.raw !== '' || signal.aborted) throw thrown
      logFailure(log, thrown, 'the llm failed before its first token and is asked again')
      await clock.sleep(LLM_RETRY_MS, signal)
      await this.readTokens()
    }
  }

  private async readTokens(): Promise<void> {
    const { llm, clock, messages, language, traceparent, signal } = this.options
    const splitter = new SpeakableSplitter()
    this.times.asked = clock.now()
    this.isAsked = true
    const tokens = llm.complete({ messages, language, maxTokens: MAX_REPLY_TOKENS, signal, traceparent })
    for await (const delta of streamWithin(tokens, { clock, signal, stage: 'llm', limitMs: ENGINE_LIMIT_MS })) {
      for (const piece of this.take(delta, splitter)) this.show(piece)
      if (this.raw.length >= MAX_TURN_TEXT_CHARS) break
    }
    for (const piece of splitter.flush()) this.show(piece)
    this.pieces.end()
  }

  private take(delta: LlmDelta, splitter: SpeakableSplitter): string[] {
    if (delta.type === 'usage') {
      const { promptTokens: prompt, completionTokens } = delta
      this.counted = { promptTokens: prompt, completionTokens }
      return []
    }
    const token = delta.text.slice(0, MAX_TURN_TEXT_CHARS - this.raw.length)
    if (token === '') return []
    this.times.firstToken ??= this.options.clock.now()
    this.raw += token
    return splitter.push(token)
  }

  private show(piece: string): void {
    const text = this.convert(piece)
    this.cutChars += piece.length
    this.shown += text
    this.pieces.push(text)
  }

  private async speak(): Promise<void> {
    const { pacer, signal } = this.options
    for await (const piece of this.pieces.read(signal)) {
      if (piece.trim() === '') continue
      await pacer.room(signal)
      pacer.beginPiece(piece)
      await this.synthesize(piece)
      pacer.endPiece()
    }
    pacer.end()
  }

  private spoken(piece: string, language: Language): string {
    const { tts, script } = this.options
    const prose = this.fence.prose(piece)
    return tts.speaks(language) ? inScript(tts.script ?? null)(spokenText(prose, language, script)) : ''
  }

  private async synthesize(piece: string): Promise<void> {
    const { tts, clock, voice, traceparent, signal, outputRate, pacer } = this.options
    // The words of a reply decide who can speak them, whatever language was asked for.
    const language = languageOf(piece, this.options.language)
    const text = this.spoken(piece, language)
    if (text === '') return
    this.times.firstPiece ??= clock.now()
    const resampler = new Resampler(tts.sampleRate, outputRate)
    const audio = tts.synthesize({ text, language, voice: voice ?? undefined, signal, traceparent })
    let samplesLeft = (MAX_PIECE_AUDIO_MS * tts.sampleRate) / 1000
    for await (const pcm of streamWithin(audio, { clock, signal, stage: 'tts', limitMs: ENGINE_LIMIT_MS })) {
      samplesLeft -= pcm.length
      if (samplesLeft < 0) throw endless(tts)
      this.times.firstAudio ??= clock.now()
      pacer.audio(resampler.pushPcm(pcm))
    }
    pacer.audio(resampler.flushPcm())
  }
}

function isTransient(thrown: unknown): boolean {
  return thrown instanceof FaultError && thrown.fault.code === 'engine_failed' && thrown.fault.transient
}

const endless = (tts: Tts): FaultError =>
  new FaultError({
    code: 'engine_failed',
    engineId: engineId(tts.engine),
    stage: 'tts',
    transient: false,
    detail: `more than ${MAX_PIECE_AUDIO_MS} ms of audio for one piece`,
  })
