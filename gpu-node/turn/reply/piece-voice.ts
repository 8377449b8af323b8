// Says the pieces of one reply: which language and words a piece has, and its audio from TTS at the session's rate. Used by
// reply-pipeline.ts. Knows no LLM and not which piece comes next.
import { Resampler } from '#shared/audio/resample.ts'
import type { Clock } from '#shared/clock.ts'
import type { Language, Script } from '#shared/model/language.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'
import type { OnFallback, RecordedText, Tts } from '#gpu-node/engines/ports.ts'
import { streamWithin } from '#gpu-node/turn/engine-watch.ts'
import { inScript } from '#gpu-node/turn/hearing/script.ts'
import { CodeFence } from '#gpu-node/turn/spoken/code-fence.ts'
import { languageOfMost, spokenText } from '#gpu-node/turn/spoken/spoken-text.ts'
import { endless, ENGINE_LIMIT_MS, MAX_PIECE_AUDIO_MS } from './pipeline-faults.ts'
import type { ReplyPacer } from './reply-pacer.ts'

export interface PieceVoiceOptions {
  tts: Tts
  clock: Clock
  /** The turn's: of what is of no language. */
  language: Language
  /** The persona's: what is shown and stored is in it. */
  script: Script | null
  voice: string | null
  ttsMode: TtsMode
  /** Spoken like this in place of `voice`. */
  reference: RecordedText | undefined
  onFallback: OnFallback
  traceparent: string
  signal: AbortSignal
  outputRate: number
  pacer: ReplyPacer
}

export class PieceVoice {
  readonly #options: PieceVoiceOptions
  readonly #times: { firstPiece?: number; firstAudio?: number }
  readonly #fence = new CodeFence()
  /** As it was asked for, until HQ gives way: a reply does not change its voice with each piece. */
  #mode: TtsMode

  /** `times`: filled in when they come. */
  constructor(options: PieceVoiceOptions, times: { firstPiece?: number; firstAudio?: number }) {
    this.#options = options
    this.#times = times
    this.#mode = options.ttsMode
  }

  /** Resolves when the pacer has all of its audio; of a piece without words there is none. */
  async say(piece: string): Promise<void> {
    const { tts, clock, signal, outputRate, pacer } = this.#options
    // The words of a reply decide who can speak them, whatever language was asked for.
    const language = languageOfMost(piece, this.#options.language)
    const text = this.#wordsOf(piece, language)
    if (text === '') return
    this.#times.firstPiece ??= clock.now()
    const resampler = new Resampler(tts.sampleRate, outputRate)
    const { voice, reference, traceparent } = this.#options
    const how = { voice: voice ?? undefined, mode: this.#mode, reference }
    const onFallback: OnFallback = (fallback) => {
      if (fallback.reason !== 'language') this.#mode = 'fast'
      this.#options.onFallback(fallback)
    }
    const audio = tts.synthesize({ text, language, ...how, signal, traceparent, onFallback })
    let samplesLeft = (MAX_PIECE_AUDIO_MS * tts.sampleRate) / 1000
    for await (const pcm of streamWithin(audio, { clock, signal, stage: 'tts', limitMs: ENGINE_LIMIT_MS })) {
      samplesLeft -= pcm.length
      if (samplesLeft < 0) throw endless(tts)
      this.#times.firstAudio ??= clock.now()
      pacer.audio(resampler.pushPcm(pcm))
    }
    pacer.audio(resampler.flushPcm())
  }

  #wordsOf(piece: string, language: Language): string {
    const { tts, script } = this.#options
    const prose = this.#fence.prose(piece)
    return tts.speaks(language) ? inScript(tts.script ?? null)(spokenText(prose, language, script)) : ''
  }
}
