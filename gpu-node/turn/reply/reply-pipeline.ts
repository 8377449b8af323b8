// One answer being made: LLM tokens become pieces, and pieces become audio while later tokens arrive; all of it goes to the
// pacer in order. Used by reply.ts. Knows no turn, no caller, and not whether anybody will hear it.
import { resamplePcm } from '#shared/audio/resample.ts'
import { faultOf, type Fault } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import { MAX_TURN_TEXT_CHARS } from '#shared/model/turn.ts'
import type { SafetyDecision } from '#shared/safety/decision.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'
import { estimateTokens } from '#shared/prompt-tokens.ts'
import type { Llm, LlmDelta, PromptMessage, RecordedText } from '#gpu-node/engines/ports.ts'
import { streamWithin } from '#gpu-node/turn/engine-watch.ts'
import type { ReplyGuard } from '#gpu-node/turn/guard.ts'
import { inScript, type Convert } from '#gpu-node/turn/hearing/script.ts'
import { logFailure } from '#gpu-node/turn/log-failure.ts'
import { SpeakableSplitter } from '#gpu-node/turn/spoken/speakable.ts'
import { GuardedWords } from './guarded-words.ts'
import { PieceQueue } from './piece-queue.ts'
import { PieceVoice, type PieceVoiceOptions } from './piece-voice.ts'
import { ENGINE_LIMIT_MS, isTransient } from './pipeline-faults.ts'
import { promptTokens } from './prompt.ts'

/** A second try after a transient failure, once what failed had time to recover. */
export const LLM_RETRY_MS = 100

export interface PipelineOptions extends PieceVoiceOptions {
  llm: Llm
  log: Log
  messages: PromptMessage[]
  guard: ReplyGuard
  /** The longest reply. */
  maxTokens: number
  /** Said where an engine is lost for good; without it the reply fails at once. */
  apology: RecordedText | undefined
}

export class ReplyPipeline {
  readonly #options: PipelineOptions
  readonly #pieces = new PieceQueue()
  #counted: { promptTokens: number; completionTokens: number } | undefined
  #isAsked = false
  readonly #words: GuardedWords
  /** How much of the words is in pieces, as they are shown. */
  #cutChars = 0
  #shown = ''
  readonly #convert: Convert
  readonly #voice: PieceVoice
  /** Stops the LLM where nobody can speak its words. */
  readonly #halt = new AbortController()
  /** What ended it early. The apology for it is still on its way to the caller. */
  fault: Fault | undefined
  /** By the clock; undefined until it happened. */
  readonly times: { asked?: number; firstToken?: number; firstPiece?: number; firstAudio?: number } = {}

  constructor(options: PipelineOptions) {
    this.#options = options
    this.#convert = inScript(options.script)
    this.#voice = new PieceVoice(options, this.times)
    this.#words = new GuardedWords(options.guard)
  }

  /** What the LLM has said so far, in the persona's script: the pieces, and what is no piece yet. */
  get text(): string {
    return (this.#shown + this.#convert(this.#words.text.slice(this.#cutChars))).slice(0, MAX_TURN_TEXT_CHARS)
  }

  /** Resolves when all was given to the pacer; rejects with an engine's fault or the signal's reason. */
  async run(): Promise<void> {
    const { pacer, guard } = this.#options
    const { refusal } = guard
    const words = refusal ? this.#refuse(refusal.text) : this.#think()
    await Promise.all([this.#excuse(words), this.#excuse(this.#speak())])
    if (this.fault) this.#apologise()
    // Also where the refusal could only be said by the apology.
    if (refusal) this.fault = refusal.fault
    pacer.end()
  }

  /** What the filters have done to it. */
  get decisions(): readonly SafetyDecision[] {
    return this.#words.decisions
  }

  get ttsMode(): TtsMode {
    return this.#options.ttsMode
  }

  /** Tokens so far; estimated where the engine did not tell, as after an abort. */
  usage(): { promptTokens: number; completionTokens: number } {
    if (this.#counted) return this.#counted
    if (!this.#isAsked) return { promptTokens: 0, completionTokens: 0 }
    return { promptTokens: promptTokens(this.#options.messages), completionTokens: estimateTokens(this.text) }
  }

  /** A failure that can be told in words ends the reply after them; a speculative reply just fails. */
  async #excuse(work: Promise<void>): Promise<void> {
    const { signal, apology, pacer, log } = this.#options
    try {
      await work
    } catch (thrown) {
      if (signal.aborted || !apology || pacer.isHeld) throw thrown
      // The LLM was stopped because its voice is gone, or the voice goes while it speaks what the LLM left.
      if (this.fault) return
      logFailure(log, thrown, 'a reply failed and ends with an apology')
      this.fault = faultOf(thrown)
      this.#halt.abort(this.fault.code === 'deadline_exceeded' ? 'deadline' : 'replaced')
      this.#pieces.end()
    }
  }

  #apologise(): void {
    const { apology, pacer, outputRate } = this.#options
    if (!apology) return
    pacer.breakPiece()
    pacer.beginPiece(this.text === '' ? apology.text : ` ${apology.text}`, true)
    pacer.audio(resamplePcm(apology.pcm, apology.sampleRate, outputRate))
    pacer.endPiece()
  }

  /** The words of the persona for what it does not answer: no engine sees what the caller said. */
  async #refuse(text: string): Promise<void> {
    this.#show(text)
    this.#pieces.end()
  }

  async #think(): Promise<void> {
    const { clock, signal, log } = this.#options
    try {
      await this.#readTokens()
    } catch (thrown) {
      if (!isTransient(thrown) || this.#words.text !== '' || signal.aborted || this.#halt.signal.aborted) throw thrown
      logFailure(log, thrown, 'the llm failed before its first token and is asked again')
      await clock.sleep(LLM_RETRY_MS, signal)
      await this.#readTokens()
    }
  }

  async #readTokens(): Promise<void> {
    const { llm, clock, messages, language, maxTokens, traceparent, onFallback } = this.#options
    const signal = AbortSignal.any([this.#options.signal, this.#halt.signal])
    const splitter = new SpeakableSplitter()
    this.#words.begin()
    this.times.asked = clock.now()
    this.#isAsked = true
    const tokens = llm.complete({ messages, language, maxTokens, signal, traceparent, onFallback })
    try {
      for await (const delta of streamWithin(tokens, { clock, signal, stage: 'llm', limitMs: ENGINE_LIMIT_MS })) {
        for (const piece of splitter.push(this.#heard(delta))) this.#show(piece)
        if (this.#words.isEnded || this.#words.isFull) break
      }
    } finally {
      // Also of a sentence that breaks off: where an apology follows, what is there of it is said.
      for (const piece of [...splitter.push(this.#words.end()), ...splitter.flush()]) this.#show(piece)
    }
    if (this.#words.isEnded) this.#show(this.#options.guard.ending)
    this.#pieces.end()
  }

  #heard(delta: LlmDelta): string {
    if (delta.type === 'usage') {
      const { promptTokens: prompt, completionTokens } = delta
      this.#counted = { promptTokens: prompt, completionTokens }
      return ''
    }
    if (delta.text !== '') this.times.firstToken ??= this.#options.clock.now()
    return this.#words.push(delta.text)
  }

  #show(piece: string): void {
    const text = this.#convert(piece)
    this.#cutChars += piece.length
    this.#shown += text
    this.#pieces.push(text)
  }

  async #speak(): Promise<void> {
    const { pacer, signal } = this.#options
    for await (const piece of this.#pieces.read(signal)) {
      if (piece.trim() === '') continue
      await pacer.room(signal)
      pacer.beginPiece(piece)
      await this.#voice.say(piece)
      pacer.endPiece()
    }
  }
}
