// Takes addresses, keys and numbers out of a stream of text. It waits for the end of a run (what has no blank, or groups of digits)
// before it judges it, and for nothing else. Used by output-filter.ts. Pure; bounded by MAX_RUN_CHARS.
import type { SensitiveKind } from './decision.ts'
import { DIGIT_WORD, DIGIT_WORD_BEGUN } from './digit-words.ts'
import { findInRun } from './run-kinds.ts'
import { spokenAddressEnd } from './spoken-address.ts'
import type { Part, Stage } from './stage.ts'

/** No spoken text is as long without a blank: a longer run is taken for a key. */
export const MAX_RUN_CHARS = 512
/** Groups of digits: 19 of a card, each a word, are fewer. */
const MAX_GROUP_CHARS = 128
/** No number that is looked for has as many. */
const MAX_GROUP_DIGITS = 20
/** The first line of a PEM file (RFC 7468 §2) has some 40. */
const MAX_HEADER_CHARS = 64

const RUN = /[!-~０-９Ａ-Ｚａ-ｚ＠．－＋＿／（）零〇一二三四五六七八九幺]/
const RUN_END = /[^!-~０-９Ａ-Ｚａ-ｚ＠．－＋＿／（）零〇一二三四五六七八九幺]/g
const RUN_START = new RegExp(RUN.source, 'g')
const DIGIT = '[0-9０-９零〇一二三四五六七八九幺]'
const ENDS_IN_DIGIT = new RegExp(`(?:${DIGIT}|\\+|${DIGIT_WORD})[,.)）-]{0,2}$`, 'i')
const GOES_ON = new RegExp(`^[\\s，、–—]{1,2}(?:[(（+-]{0,2}${DIGIT}|${DIGIT_WORD})`, 'i')
/** Matches what may still become GOES_ON. */
const MAY_GO_ON = new RegExp(`^[\\s，、–—]{0,2}(?:[(（+-]{0,2}|${DIGIT_WORD_BEGUN})$`, 'i')
/** Longest match of MAY_GO_ON: two blanks, the longest word, and the sign that ends it. */
const MAX_AHEAD_CHARS = 8
const EACH_DIGIT = new RegExp(`${DIGIT}|${DIGIT_WORD}`, 'gi')

/** What comes out, and where the text goes on. */
interface Step {
  parts: Part[]
  at: number
}

export class RunStage implements Stage {
  readonly #kinds: ReadonlySet<SensitiveKind>
  #rest = ''
  /** Inside a private key, or a run that is too long. Nothing comes out. */
  #inside: 'key' | 'run' | undefined

  constructor(kinds: ReadonlySet<SensitiveKind>) {
    this.#kinds = kinds
  }

  push(text: string): Part[] {
    this.#rest += text
    return this.#take(false)
  }

  flush(): Part[] {
    const parts = this.#take(true)
    this.#rest = ''
    this.#inside = undefined
    return parts
  }

  #take(isEnd: boolean): Part[] {
    const parts: Part[] = []
    let at = 0
    for (;;) {
      const step = this.#inside ? this.#skip(at) : this.#step(at, isEnd)
      if (!step) break
      parts.push(...step.parts)
      at = step.at
    }
    this.#rest = this.#rest.slice(at)
    return parts
  }

  /** The next decision from `at` on; undefined where more text is needed, or there is none. */
  #step(at: number, isEnd: boolean): Step | undefined {
    if (at >= this.#rest.length) return undefined
    RUN_START.lastIndex = at
    const start = RUN_START.exec(this.#rest)?.index ?? this.#rest.length
    if (start > at) return { parts: [this.#rest.slice(at, start)], at: start }
    const end = this.#runEnd(at)
    if (end - at >= MAX_RUN_CHARS) return this.#tooLong(at)
    if (end === this.#rest.length && !isEnd) return undefined
    return this.#whole(at, end, isEnd)
  }

  /** A run whose end is known; what follows may still belong to it. */
  #whole(at: number, end: number, isEnd: boolean): Step | undefined {
    const run = this.#rest.slice(at, end)
    for (const found of [this.#keyHeader(at, run, isEnd), this.#spokenAddress(at, run, isEnd)]) {
      if (found === 'unknown') return undefined
      if (found !== 'none') return found
    }
    const group = this.#groupEnd(at, end, isEnd)
    return group === undefined ? undefined : this.#judge(at, end, group)
  }

  #judge(at: number, end: number, groupEnd: number): Step {
    const found = findInRun(this.#rest.slice(at, groupEnd), this.#kinds, end - at)
    if (!found) return { parts: [this.#rest.slice(at, end)], at: end }
    const before = this.#rest.slice(at, at + found.start)
    return { parts: [...(before === '' ? [] : [before]), { kind: found.kind }], at: at + found.end }
  }

  #runEnd(at: number): number {
    RUN_END.lastIndex = at
    return RUN_END.exec(this.#rest)?.index ?? this.#rest.length
  }

  #tooLong(at: number): Step {
    if (!this.#kinds.has('token')) return { parts: [this.#rest.slice(at, at + MAX_RUN_CHARS)], at: at + MAX_RUN_CHARS }
    this.#inside = 'run'
    return { parts: [{ kind: 'token' }], at: at + MAX_RUN_CHARS }
  }

  /** Behind a quotation mark or a bracket, too. */
  #spokenAddress(at: number, run: string, isEnd: boolean): 'none' | 'unknown' | Step {
    if (!this.#kinds.has('email')) return 'none'
    const before = /^["'([]{0,4}/.exec(run)?.[0] ?? ''
    const end = spokenAddressEnd(this.#rest, at + before.length, isEnd)
    if (typeof end !== 'number') return end ?? 'none'
    return { parts: [...(before === '' ? [] : [before]), { kind: 'email' }], at: end }
  }

  /** A number may go on after a blank. */
  #groupEnd(at: number, end: number, isEnd: boolean): number | undefined {
    let groupEnd = end
    for (;;) {
      const group = this.#rest.slice(at, groupEnd)
      if (!ENDS_IN_DIGIT.test(group) || (group.match(EACH_DIGIT)?.length ?? 0) >= MAX_GROUP_DIGITS) return groupEnd
      const next = this.#nextOfGroup(groupEnd, isEnd)
      if (next === 'none') return groupEnd
      if (next !== 'unknown' && next - at > MAX_GROUP_CHARS) return groupEnd
      if (next === 'unknown' || (next === this.#rest.length && !isEnd)) return undefined
      groupEnd = next
    }
  }

  /** Where the next part of a number ends, as far as it is known. */
  #nextOfGroup(groupEnd: number, isEnd: boolean): number | 'none' | 'unknown' {
    const after = this.#rest.slice(groupEnd, groupEnd + MAX_AHEAD_CHARS)
    if (MAY_GO_ON.test(after) && groupEnd + after.length === this.#rest.length && !isEnd) return 'unknown'
    return GOES_ON.test(after) ? this.#runEnd(groupEnd + after.search(RUN)) : 'none'
  }

  #keyHeader(at: number, run: string, isEnd: boolean): 'none' | 'unknown' | Step {
    const start = run.search(/-----BEGIN|PuTTY-User-Key-File/)
    if (start < 0 || !this.#kinds.has('privateKey')) return 'none'
    const header = this.#rest.slice(at + start, at + start + MAX_HEADER_CHARS)
    const isWhole = header.length === MAX_HEADER_CHARS || /^-----BEGIN[^-]{0,48}-----/.test(header) || isEnd
    if (!isWhole && !header.startsWith('PuTTY')) return 'unknown'
    if (!/PRIVATE KEY|^PuTTY/.test(header)) return 'none'
    this.#inside = 'key'
    const before = run.slice(0, start)
    return { parts: [...(before === '' ? [] : [before]), { kind: 'privateKey' }], at: at + start + run.length - start }
  }

  /** Passes over what is inside; undefined while its end has not come. */
  #skip(at: number): Step | undefined {
    const end = this.#inside === 'key' ? this.#keyEnd(at) : this.#endOfLongRun(at)
    if (end !== undefined) {
      this.#inside = undefined
      return { parts: [], at: end }
    }
    // The end's mark may be cut in two: so much of it stays.
    this.#rest =
      this.#rest.slice(0, at) +
      this.#rest.slice(Math.max(at, this.#rest.length - (this.#inside === 'key' ? MAX_HEADER_CHARS : 0)))
    return undefined
  }

  #keyEnd(at: number): number | undefined {
    const match = /-----END[^-]{0,48}-----|Private-MAC: \w{8,64}\s/.exec(this.#rest.slice(at))
    return match ? at + match.index + match[0].length : undefined
  }

  #endOfLongRun(at: number): number | undefined {
    const end = this.#runEnd(at)
    return end < this.#rest.length ? end : undefined
  }
}
