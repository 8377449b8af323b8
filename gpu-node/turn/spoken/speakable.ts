// Token stream → what TTS can say next: the first piece as early as a clause allows, later ones by the sentence. Used by
// the reply pipeline. The pieces joined are the text, and they do not depend on where tokens ended. Knows no markup: see
// spoken-text.ts for what of a piece is said.
import { letterWidth } from '#shared/letter-width.ts'
import { boundaryAt } from './boundary.ts'
import type { Boundary } from './boundary.ts'

/** A first clause shorter than this would sound like a fragment ("Well,"). Widths: see letter-width.ts. */
const MIN_FIRST_WIDTH = 8
/** A shorter piece is joined to what follows: F5-TTS drawls what has fewer UTF-8 bytes, and "Yes." alone sounds clipped. */
export const MIN_PIECE_BYTES = 10
/** Later clauses stand alone only from here on: a sentence in one breath sounds better. */
const MIN_CLAUSE_WIDTH = 80
/** About 15 s of speech; whoever writes on without a mark is cut at a blank. */
export const MAX_PIECE_WIDTH = 240
/** A forced cut looks for a blank no further back than half. */
const MIN_FORCED_WIDTH = 120

export class SpeakableSplitter {
  #rest = ''
  #isFirst = true

  /** Takes the next token and returns the pieces that are certain by now. */
  push(token: string): string[] {
    this.#rest += token
    return this.#cutAll(false)
  }

  /** What is left when the text is over. */
  flush(): string[] {
    const pieces = this.#cutAll(true)
    if (this.#rest !== '') pieces.push(this.#rest)
    this.#rest = ''
    return pieces
  }

  #cutAll(isEnd: boolean): string[] {
    const pieces: string[] = []
    for (;;) {
      const end = firstCut(this.#rest, isEnd, this.#isFirst ? MIN_FIRST_WIDTH : MIN_CLAUSE_WIDTH)
      if (end === undefined || end >= this.#rest.length) return pieces
      pieces.push(this.#rest.slice(0, end))
      this.#rest = this.#rest.slice(end)
      this.#isFirst = false
    }
  }
}

/**
 * Where the first piece ends; undefined while more text could change that. It scans from the left and decides nothing
 * before it has seen all that the decision rests on: so the answer for a text holds for all that begins with it.
 */
function firstCut(text: string, isEnd: boolean, minWidth: number): number | undefined {
  let width = 0
  let hasWord = false
  let bytes = 0
  let blank: number | undefined
  for (let at = 0; at < text.length; at++) {
    const unit = text.charAt(at)
    width += letterWidth(unit)
    if (width > MAX_PIECE_WIDTH) return blank ?? wholeCharacters(text, at)
    if (width > MIN_FORCED_WIDTH && /\s/.test(unit)) blank = at
    hasWord ||= WORD.test(unit)
    bytes += hasWord ? utf8Bytes(unit) : 0
    const boundary = hasWord ? boundaryAt(text, at, isEnd) : undefined
    if (boundary === 'unknown') return undefined
    if (!boundary) continue
    if (isEnough(boundary, { width, bytes, minWidth })) return boundary.end
    // All marks and closers of a boundary that came too early are passed at once: none is judged by itself.
    const passed = text.slice(at + 1, boundary.end)
    width += letterWidth(passed)
    bytes += utf8Bytes(passed)
    at = boundary.end - 1
  }
  return undefined
}

function isEnough(boundary: Boundary, piece: { width: number; bytes: number; minWidth: number }): boolean {
  if (piece.bytes < MIN_PIECE_BYTES) return false
  if (boundary.strength === 'sentence') return true
  // "苹果、香蕉": a breath between the items of a list is only for those that fill a breath.
  return piece.width >= (boundary.strength === 'item' ? MIN_CLAUSE_WIDTH : piece.minWidth)
}

/** Half a surrogate pair is half of four. */
function utf8Bytes(text: string): number {
  let bytes = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x80) bytes += 1
    else bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3
  }
  return bytes
}

/** Half a surrogate pair counts as a word: it is a rare Chinese character, or an emoji, which does no harm. */
const WORD = /[\p{L}\p{N}\uD800-\uDFFF]/u

/** No cut inside a surrogate pair. */
const wholeCharacters = (text: string, at: number): number => (/[\uDC00-\uDFFF]/.test(text.charAt(at)) ? at - 1 : at)
