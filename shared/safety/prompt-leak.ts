// Takes out of a stream of text what repeats the persona's instructions word for word, be it in the middle of a sentence. It holds
// back only words that stand in the instructions in this order. Used by output-filter.ts. Pure.
import type { Part, Stage } from './stage.ts'

/** Ten words or twenty Chinese characters in a row are no accident; fewer may be a fact that the persona is to tell. */
const MIN_WEIGHT = 20
const WORD_WEIGHT = 2
const HAN_WEIGHT = 1
/** The most characters between two repeated words. More are not held back. */
const MAX_GAP_CHARS = 16
/** A longer word is looked at in parts. */
const MAX_WORD_CHARS = 64

const UNIT = new RegExp(`\\p{Script=Han}|(?:(?!\\p{Script=Han})[\\p{L}\\p{M}\\p{N}'’]){1,${MAX_WORD_CHARS}}`, 'gu')
const HAN = /^\p{Script=Han}/u

/** The words so far that stand in the instructions in this order. */
interface Match {
  weight: number
  /** Ordinal of its first word. */
  first: number
}

/** Where each word of a persona's instructions stands. Made once per session: instructions may be long. */
export class InstructionIndex {
  readonly #placesByWord = new Map<string, number[]>()
  readonly #fold: (text: string) => string

  constructor(instructions: string, fold: (text: string) => string) {
    this.#fold = fold
    for (const [at, [unit]] of [...instructions.matchAll(UNIT)].entries()) {
      const key = this.#key(unit)
      const places = this.#placesByWord.get(key)
      if (places) places.push(at)
      else this.#placesByWord.set(key, [at])
    }
  }

  placesOf(unit: string): readonly number[] {
    return this.#placesByWord.get(this.#key(unit)) ?? []
  }

  #key(unit: string): string {
    return HAN.test(unit) ? this.#fold(unit) : unit.normalize('NFKC').toLowerCase().replaceAll('’', "'")
  }
}

export class PromptLeak implements Stage {
  readonly #index: InstructionIndex
  #rest = ''
  /** Words that may be part of a leak, each with what stands before it. */
  #held: { gap: string; unit: string }[] = []
  /** Ordinal of the first of `held`, or of the next word. */
  #base = 0
  /** Open repetitions, by the place in the instructions where each ends. */
  #open = new Map<number, Match>()
  #isInside = false

  constructor(index: InstructionIndex) {
    this.#index = index
  }

  push(text: string): Part[] {
    this.#rest += text
    return this.#take(false)
  }

  flush(): Part[] {
    const parts = this.#take(true)
    this.#breakOff(parts)
    parts.push(...(this.#rest === '' ? [] : [this.#rest]))
    this.#rest = ''
    return parts
  }

  #take(isEnd: boolean): Part[] {
    const parts: Part[] = []
    let at = 0
    for (;;) {
      UNIT.lastIndex = at
      const match = UNIT.exec(this.#rest)
      const unitAt = match?.index ?? this.#rest.length
      // What stands between words is held only where both may be part of a leak.
      const isLoose = this.#open.size === 0 && unitAt > at
      if (isLoose || unitAt - at > MAX_GAP_CHARS) {
        this.#breakOff(parts)
        parts.push(this.#rest.slice(at, unitAt))
        at = unitAt
      }
      if (!match) break
      const [unit] = match
      const end = unitAt + unit.length
      // A word may go on; a Chinese character is whole.
      if (end === this.#rest.length && !isEnd && unit.length < MAX_WORD_CHARS && !HAN.test(unit)) break
      this.#hear(this.#rest.slice(at, unitAt), unit, parts)
      at = end
    }
    this.#rest = this.#rest.slice(at)
    return parts
  }

  #hear(gap: string, unit: string, parts: Part[]): void {
    const ordinal = this.#base + this.#held.length
    this.#open = this.#goOn(unit, ordinal)
    if (this.#isInside) {
      if (this.#leaks().length > 0) {
        this.#base++
        return
      }
      // What was taken out does not count again.
      this.#open.clear()
      this.#isInside = false
      this.#open = this.#goOn(unit, ordinal)
    }
    const leaks = this.#leaks()
    this.#held.push({ gap, unit })
    if (leaks.length > 0) this.#enter(Math.min(...leaks.map(({ first }) => first)), parts)
    else this.#release(Math.min(ordinal + 1, ...[...this.#open.values()].map(({ first }) => first)), parts)
  }

  #leaks(): Match[] {
    return [...this.#open.values()].filter(({ weight }) => weight >= MIN_WEIGHT)
  }

  /** The open repetitions after one more word. */
  #goOn(unit: string, ordinal: number): Map<number, Match> {
    const weight = HAN.test(unit) ? HAN_WEIGHT : WORD_WEIGHT
    const open = new Map<number, Match>()
    for (const place of this.#index.placesOf(unit)) {
      const before = this.#open.get(place - 1)
      open.set(place, { weight: (before?.weight ?? 0) + weight, first: before?.first ?? ordinal })
    }
    return open
  }

  #enter(first: number, parts: Part[]): void {
    this.#release(first, parts)
    const gap = this.#held[0]?.gap ?? ''
    if (gap !== '') parts.push(gap)
    parts.push({ kind: 'systemPrompt' })
    this.#base += this.#held.length
    this.#held = []
    this.#isInside = true
  }

  #release(until: number, parts: Part[]): void {
    const free = this.#held.splice(0, until - this.#base)
    this.#base += free.length
    const text = free.map(({ gap, unit }) => gap + unit).join('')
    if (text !== '') parts.push(text)
  }

  /** What follows does not belong to the text before. */
  #breakOff(parts: Part[]): void {
    this.#release(this.#base + this.#held.length, parts)
    this.#open.clear()
    this.#isInside = false
  }
}
