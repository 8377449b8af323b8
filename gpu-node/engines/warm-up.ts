// Has each engine answer one real request before the node offers its slots: speaks a sentence, detects it, recognises it,
// answers it. What failed is tried again until it answers. Knows the ports, not the engines behind them.
import { concatPcm, pcmToFloat } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import type { Clock } from '#shared/clock.ts'
import { faultOf } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import type { EngineRole } from '#shared/model/engine.ts'
import type { Engines, Language } from './ports.ts'
import { ENGINE_INPUT_RATE, VAD_FRAME_SAMPLES } from './ports.ts'

const SENTENCES: Record<Language, string> = { en: 'Hello, can you hear me?', zh: '你好，你听得到我吗？' }
/** What the recogniser hears when there is no voice to speak. */
const SILENCE_SAMPLES = ENGINE_INPUT_RATE
const MAX_REPLY_TOKENS = 16
/** A server that is still loading its weights takes minutes; asking costs nothing. */
const RETRY_AFTER_MS = 5_000

export interface ReadinessOptions {
  clock: Clock
  log: Log
  onChange: () => void
  /** Whether the first engine of the role is still being started. If it were asked now, its fallback would answer. */
  isComing?: (role: EngineRole) => boolean
  /** Called once, when the voice has answered, to speak what is kept for later. Must not reject. */
  onSpeaks?: () => Promise<void>
}

export class EngineReadiness {
  readonly #engines: Engines
  readonly #options: ReadinessOptions
  readonly #ready = new Set<EngineRole>()
  readonly #abort = new AbortController()

  constructor(engines: Engines, options: ReadinessOptions) {
    this.#engines = engines
    this.#options = options
  }

  isReady(role: EngineRole): boolean {
    return this.#ready.has(role)
  }

  get areAllReady(): boolean {
    return (['vad', 'stt', 'llm', 'tts'] as const).every((role) => this.#ready.has(role))
  }

  /** Resolves after the first try of each; goes on by itself while one has not answered. */
  async start(): Promise<void> {
    await this.#tryAll()
    if (!this.areAllReady && !this.#abort.signal.aborted) this.#again()
  }

  stop(): void {
    this.#abort.abort('shutdown')
  }

  #again(): void {
    this.#options.clock.sleep(RETRY_AFTER_MS, this.#abort.signal).then(
      () => this.start(),
      // The node shuts down.
      () => {},
    )
  }

  async #tryAll(): Promise<void> {
    const language: Language = this.#engines.tts.speaks('en') ? 'en' : 'zh'
    let speech: Int16Array = new Int16Array(SILENCE_SAMPLES)
    await this.#attempt('tts', async () => {
      speech = await this.#speak(language)
      await this.#options.onSpeaks?.()
    })
    await this.#attempt('vad', async () => this.#detect(speech))
    await Promise.all([
      this.#attempt('stt', () => this.#recognise(speech, language)),
      this.#attempt('llm', () => this.#reply(language)),
    ])
  }

  async #attempt(role: EngineRole, ask: () => Promise<void>): Promise<void> {
    if (this.#ready.has(role) || this.#options.isComing?.(role)) return
    const { clock, log, onChange } = this.#options
    const { name } = this.#engines[role].engine
    const startedAt = clock.now()
    try {
      await ask()
      this.#ready.add(role)
      log.info({ role, engine: name, ms: clock.now() - startedAt }, 'engine answers')
      onChange()
    } catch (error) {
      if (!this.#abort.signal.aborted)
        log.warn({ role, engine: name, fault: faultOf(error) }, 'engine does not answer yet')
    }
  }

  async #speak(language: Language): Promise<Int16Array> {
    const { tts } = this.#engines
    const { signal } = this.#abort
    const parts: Int16Array[] = []
    const request = { text: SENTENCES[language], language, signal, isFresh: true }
    for await (const pcm of tts.synthesize(request)) parts.push(pcm)
    return resamplePcm(concatPcm(parts), tts.sampleRate, ENGINE_INPUT_RATE)
  }

  #detect(speech: Int16Array): void {
    const stream = this.#engines.vad.stream()
    const samples = pcmToFloat(speech)
    for (let at = 0; at + VAD_FRAME_SAMPLES <= samples.length; at += VAD_FRAME_SAMPLES)
      stream.push(samples.subarray(at, at + VAD_FRAME_SAMPLES))
  }

  async #recognise(speech: Int16Array, language: Language): Promise<void> {
    const stream = await this.#engines.stt.open({ language, signal: this.#abort.signal })
    try {
      stream.push(speech)
      await stream.finish()
    } finally {
      stream.close()
    }
  }

  async #reply(language: Language): Promise<void> {
    const messages = [{ role: 'user' as const, content: SENTENCES[language] }]
    const { signal } = this.#abort
    for await (const _ of this.#engines.llm.complete({ messages, language, maxTokens: MAX_REPLY_TOKENS, signal }));
  }
}
