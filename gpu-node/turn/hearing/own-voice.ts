// "Speak like me": the caller's best utterance so far, kept as the reference of a cloned voice. Only from the moment on at which he
// consents, only in memory, and gone when he takes it back or the session ends. Used by the runner. Knows no engine.
import { concatPcm } from '#shared/audio/pcm.ts'
import { trimSilence } from '#shared/audio/silence.ts'
import type { TurnId } from '#shared/ids.ts'
import { MAX_REFERENCE_CHARS } from '#shared/model/voice-profile.ts'
import { ENGINE_INPUT_RATE, type RecordedText } from '#gpu-node/engines/ports.ts'
import { hasWords } from '#gpu-node/turn/machine/same-words.ts'

/** Shorter ones hold too little of a voice; F5-TTS cuts longer ones off, and their text would no longer match. */
export const MIN_REFERENCE_MS = 3_000
export const MAX_REFERENCE_MS = 12_000
/** Enough of a voice, and cheap: each piece costs as much as reference and text together. */
const BEST_REFERENCE_MS = 6_000
/** With pre-roll and the silence at its end an utterance is longer than its speech. */
const MAX_KEPT_SAMPLES = ((MAX_REFERENCE_MS + 3_000) * ENGINE_INPUT_RATE) / 1000
/** About −42 dBFS: a voice far from its microphone, which would be cloned with the room. */
const MIN_LOUDNESS = 250
/** Share of samples at full scale from which on it sounds distorted. */
const MAX_CLIPPED = 0.001

interface Best {
  turnId: TurnId
  speech: RecordedText
  score: number
}

export class OwnVoice {
  #hasConsent = false
  #hearing: { turnId: TurnId; parts: Int16Array[]; samples: number } | undefined
  #best: Best | undefined

  /** Undefined until he has said something that is good enough. */
  get reference(): RecordedText | undefined {
    return this.#best?.speech
  }

  consent(): void {
    this.#hasConsent = true
  }

  /** Nothing of him is kept. */
  withdraw(): void {
    this.#hasConsent = false
    this.#hearing = undefined
    this.#best = undefined
  }

  /** An utterance begins: one that was under way at his consent would be half of what its text says. */
  begin(turnId: TurnId): void {
    this.#hearing = this.#hasConsent ? { turnId, parts: [], samples: 0 } : undefined
  }

  /** Its audio, at ENGINE_INPUT_RATE. */
  hear(turnId: TurnId, pcm: Int16Array): void {
    const hearing = this.#hearing
    if (hearing?.turnId !== turnId) return
    hearing.samples += pcm.length
    if (hearing.samples <= MAX_KEPT_SAMPLES) hearing.parts.push(pcm.slice())
    else hearing.parts = []
  }

  /** The utterance's final text: the two belong together. The newer of two that are as good wins. */
  transcribed(turnId: TurnId, text: string): void {
    if (this.#hearing?.turnId !== turnId) return
    const pcm = trimSilence(concatPcm(this.#hearing.parts), ENGINE_INPUT_RATE)
    this.#hearing = undefined
    const score = scoreOf(pcm)
    if (
      score === undefined ||
      !hasWords(text) ||
      text.trim().length > MAX_REFERENCE_CHARS ||
      (this.#best && this.#best.score > score)
    )
      return
    this.#best = { turnId, score, speech: { text: text.trim(), pcm, sampleRate: ENGINE_INPUT_RATE } }
  }

  /** He says that it was misheard: the text of a reference must be what is said in it. */
  correct(turnId: TurnId, text: string): void {
    if (this.#best?.turnId !== turnId) return
    // Words of which there are too many cannot be those of so short a recording.
    if (text.length > MAX_REFERENCE_CHARS) this.#best = undefined
    else this.#best.speech = { ...this.#best.speech, text }
  }
}

/** How well speech serves as a reference, the higher the better; undefined where it does not. */
export function scoreOf(pcm: Int16Array): number | undefined {
  const ms = (pcm.length * 1000) / ENGINE_INPUT_RATE
  if (ms < MIN_REFERENCE_MS || ms > MAX_REFERENCE_MS) return undefined
  let [energy, clipped] = [0, 0]
  for (const sample of pcm) {
    energy += sample * sample
    if (Math.abs(sample) >= 32_767) clipped++
  }
  if (Math.sqrt(energy / pcm.length) < MIN_LOUDNESS || clipped / pcm.length > MAX_CLIPPED) return undefined
  return -Math.abs(ms - BEST_REFERENCE_MS)
}
