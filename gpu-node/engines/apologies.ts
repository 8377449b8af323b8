// What is said when no engine can answer any more, spoken beforehand, a language each, and kept as samples: so it sounds also when
// the voice itself is lost. Made in start-node.ts; the turns ask for it. Knows no turn.
import { concatPcm } from '#shared/audio/pcm.ts'
import type { Clock } from '#shared/clock.ts'
import { faultOf } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import type { Language, SpokenText, Tts } from './ports.ts'

/** The Mandarin one has only characters that the simplified and the traditional script share. */
const TEXTS: Record<Language, string> = {
  en: 'Sorry, I cannot answer right now. Please try again in a moment.',
  zh: '抱歉，我目前回答不了，等一下再回答你。',
}
const LANGUAGES = Object.keys(TEXTS) as Language[]
/** A voice that takes longer will not be ready for a caller either. */
const RENDER_LIMIT_MS = 10_000

export class Apologies {
  readonly #options: { tts: Tts; clock: Clock; log: Log }
  readonly #spoken = new Map<Language, SpokenText>()

  constructor(options: { tts: Tts; clock: Clock; log: Log }) {
    this.#options = options
  }

  /** Undefined where no voice has spoken it yet. */
  in(language: Language): SpokenText | undefined {
    return this.#spoken.get(language)
  }

  /** Speaks what is not there yet. Never rejects: a node without apologies still answers calls. */
  async render(): Promise<void> {
    const { tts, log } = this.#options
    for (const language of LANGUAGES) {
      if (this.#spoken.has(language) || !tts.speaks(language)) continue
      try {
        this.#spoken.set(language, await this.#speak(language))
      } catch (thrown) {
        log.warn({ language, fault: faultOf(thrown) }, 'an apology could not be spoken')
      }
    }
  }

  async #speak(language: Language): Promise<SpokenText> {
    const { tts, clock } = this.#options
    const controller = new AbortController()
    const cancel = clock.after(RENDER_LIMIT_MS, () => controller.abort('deadline'))
    const parts: Int16Array[] = []
    try {
      const text = TEXTS[language]
      for await (const pcm of tts.synthesize({ text, language, signal: controller.signal })) parts.push(pcm)
      return { text, pcm: concatPcm(parts), sampleRate: tts.sampleRate }
    } finally {
      cancel()
    }
  }
}
