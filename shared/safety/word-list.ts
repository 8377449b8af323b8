// The operator's list of words that are not said, and its stage of the output filter: Latin words as wholes, Chinese ones wherever they
// stand, whatever their case or width. It holds back only what may still become one of them. Pure.
import type { Part, Stage } from './stage.ts'

/** The most entries of a list, and the most characters of one. More are left out. */
export const MAX_LISTED_WORDS = 10_000
const MAX_WORD_CHARS = 64

interface Branch {
  next: Map<string, Branch>
  isWord: boolean
}

export interface WordList {
  readonly root: Branch
  readonly fold: (text: string) => string
}

/** One entry a line; blank lines and those that begin with # say nothing. `fold` makes one form of Chinese scripts. */
export function readWordList(text: string, fold: (text: string) => string = (same) => same): WordList {
  const root: Branch = { next: new Map(), isWord: false }
  const entries = text.split('\n').map((line) => line.trim().replace(/\s+/g, ' '))
  for (const entry of entries.filter((line) => line !== '' && !line.startsWith('#')).slice(0, MAX_LISTED_WORDS)) {
    if (entry.length > MAX_WORD_CHARS) continue
    let branch = root
    for (const letter of entry) {
      const key = keyOf(letter, fold)
      const next = branch.next.get(key) ?? { next: new Map(), isWord: false }
      branch.next.set(key, next)
      branch = next
    }
    branch.isWord = true
  }
  return { root, fold }
}

function keyOf(letter: string, fold: (text: string) => string): string {
  if (letter >= 'a' && letter <= 'z') return letter
  if (/\s/.test(letter)) return ' '
  return fold(letter.normalize('NFKC').toLowerCase())
}

const isLetter = (letter: string | undefined): boolean =>
  letter !== undefined && /[\p{L}\p{N}]/u.test(letter) && !/\p{Script=Han}/u.test(letter)

export class WordListStage implements Stage {
  readonly #list: WordList
  #rest: string[] = []
  #last: string | undefined

  constructor(list: WordList) {
    this.#list = list
  }

  push(text: string): Part[] {
    this.#rest.push(...text)
    return this.#take(false)
  }

  flush(): Part[] {
    const parts = this.#take(true)
    this.#last = undefined
    return parts
  }

  #take(isEnd: boolean): Part[] {
    const parts: Part[] = []
    let text = ''
    let at = 0
    while (at < this.#rest.length) {
      const length = this.#wordAt(at, isEnd)
      if (length === 'unknown') break
      if (length === 0) {
        text += this.#rest[at]
        this.#last = this.#rest[at++]
        continue
      }
      if (text !== '') parts.push(text)
      text = ''
      parts.push({ kind: 'profanity' })
      at += length
      this.#last = this.#rest[at - 1]
    }
    if (text !== '') parts.push(text)
    this.#rest = this.#rest.slice(at)
    return parts
  }

  /** Length of the longest listed word that begins here. */
  #wordAt(at: number, isEnd: boolean): number | 'unknown' {
    if (isLetter(this.#last) && isLetter(this.#rest[at])) return 0
    let branch = this.#list.root
    let longest = 0
    for (let end = at; ; end++) {
      const letter = this.#rest[end]
      if (branch.isWord && this.#isWordEnd(end, isEnd)) longest = end - at
      if (letter === undefined) return isEnd ? longest : 'unknown'
      const next = branch.next.get(keyOf(letter, this.#list.fold))
      if (!next) return longest
      branch = next
    }
  }

  #isWordEnd(end: number, isEnd: boolean): boolean {
    const next = this.#rest[end]
    return next === undefined ? isEnd : !(isLetter(this.#rest[end - 1]) && isLetter(next))
  }
}
