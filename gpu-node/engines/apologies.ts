// What is said when no engine can answer any more: one sentence per language, spoken beforehand and kept as samples, so that it sounds
// also when the voice itself is lost. Made in start-node.ts; the turns ask for it. Knows no turn.
import { concatPcm } from '#shared/audio/pcm.ts'
import type { Clock } from '#shared/clock.ts'
import { faultOf } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'
import type { Language, RecordedText, Tts } from './ports.ts'

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
  readonly #spoken = new Map<Language, RecordedText>()
  /** Spoken by another voice than the wanted one. It is used until that one is there. */
  readonly #standIns = new Set<Language>()
  #isRendering = false

  constructor(options: { tts: Tts; clock: Clock; log: Log }) {
    this.#options = options
  }

  /** Undefined where no voice has spoken it yet. */
  in(language: Language): RecordedText | undefined {
    return this.#spoken.get(language)
  }

  /** Speaks what is not there yet, or not in the wanted voice. Never rejects: a node without apologies still answers calls. */
  async render(): Promise<void> {
    if (this.#isRendering) return
    this.#isRendering = true
    for (const language of LANGUAGES) await this.#renderOne(language)
    this.#isRendering = false
  }

  async #renderOne(language: Language): Promise<void> {
    const { tts, log } = this.#options
    if ((this.#spoken.has(language) && !this.#standIns.has(language)) || !tts.speaks(language)) return
    try {
      let isStandIn = false
      this.#spoken.set(language, await this.#speak(language, () => (isStandIn = true)))
      if (isStandIn) this.#standIns.add(language)
      else this.#standIns.delete(language)
    } catch (thrown) {
      log.warn({ language, fault: faultOf(thrown) }, 'an apology could not be spoken')
    }
  }

  async #speak(language: Language, onFallback: () => void): Promise<RecordedText> {
    const { tts, clock } = this.#options
    const controller = new AbortController()
    const cancel = clock.after(RENDER_LIMIT_MS, () => controller.abort('deadline'))
    const parts: Int16Array[] = []
    try {
      const text = TEXTS[language]
      const request = { text, language, signal: controller.signal, onFallback }
      for await (const pcm of tts.synthesize(request)) parts.push(pcm)
      return { text, pcm: concatPcm(parts), sampleRate: tts.sampleRate }
    } finally {
      cancel()
    }
  }
}
