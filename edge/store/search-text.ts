// How words are found in what was said: text is folded (width, case, Traditional to Simplified Chinese) and each
// Chinese character stands alone, so that one of them is found as well as a phrase. Pure; knows no table.
import TRADITIONAL_TO_SIMPLIFIED from 'opencc-js/dict/TSCharacters'

/** Terms of a query that are searched for. More make no search better. */
const MAX_TERMS = 12
/** The usual values of BM25: how soon more of the same word stops to help, and how much a long text counts less. */
const SATURATION = 1.2
const LENGTH_WEIGHT = 0.75
/** Characters that are shown before and after a hit. */
const AROUND_CHARS = 40

const HAN = /\p{Script=Han}/u
const WORD = /[\p{L}\p{N}]/u
/** Combining accents of Latin letters. Marks of other scripts are parts of letters and stay. */
const MARKS = /[\u0300-\u036f]/g

/** Traditional → Simplified, one character each. Where there are several, the first is good enough for a search. */
const SIMPLIFIED = new Map(
  TRADITIONAL_TO_SIMPLIFIED.split('|').map((pair) => {
    const [from = '', to = from] = pair.split(' ')
    return [from, to]
  }),
)

/** A piece of a query or a text: one word, or a run of Chinese characters. */
interface Term {
  is: 'word' | 'han'
  chars: string[]
}

/** What the index holds of a text: words and single Chinese characters, with spaces between. */
export function searchWords(text: string): string {
  return termsOf(text)
    .map(({ is, chars }) => chars.join(is === 'han' ? ' ' : ''))
    .join(' ')
}

/**
 * The query as an expression of FTS5 (sqlite.org/fts5.html §3). All terms must match: Chinese characters as a phrase,
 * words by their beginning. Undefined where there is nothing to look for. The caller cannot inject quotes: terms hold
 * only letters and digits.
 */
export function matchExpression(query: string, owner: string | undefined): string | undefined {
  const terms = termsOf(query).slice(0, MAX_TERMS)
  if (terms.length === 0) return undefined
  const wanted = terms.map(({ is, chars }) => (is === 'han' ? `"${chars.join(' ')}"` : `"${chars.join('')}"*`))
  const words = `words:(${wanted.join(' AND ')})`
  return owner === undefined ? words : `owner:"${owner}" AND ${words}`
}

/** Whether it is too short to rank by: one or two characters are in every second turn. */
export function isShort(query: string): boolean {
  return termsOf(query).reduce((sum, { chars }) => sum + chars.length, 0) < 3
}

/**
 * How well each text answers the query: BM25 (Robertson and Zaragoza 2009, §3) with these texts as the collection. All of them
 * have all terms, so that no term is rarer than another.
 */
export function relevance(query: string, texts: readonly string[]): number[] {
  const terms = termsOf(query).slice(0, MAX_TERMS)
  const folded = texts.map(foldWithOffsets)
  const average = folded.reduce((sum, { text }) => sum + text.length, 0) / folded.length
  return folded.map((one) => {
    const slack = SATURATION * (1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * one.text.length) / average)
    return terms.reduce((sum, term) => {
      const count = placesOf(term, one).length
      return sum + count / (count + slack)
    }, 0)
  })
}

/** The text around the first hit, and where in it the hits are (UTF-16 offsets); undefined without a hit. */
export function excerpt(
  text: string,
  query: string,
): { text: string; hits: Array<[start: number, end: number]> } | undefined {
  const folded = foldWithOffsets(text)
  const hits = termsOf(query)
    .slice(0, MAX_TERMS)
    .flatMap((term) => placesOf(term, folded))
  const first = hits.toSorted(([a], [b]) => a - b)[0]
  if (!first) return undefined
  const from = boundary(text, first[0] - AROUND_CHARS)
  const to = boundary(text, first[1] + AROUND_CHARS)
  const within = hits.filter(([start, end]) => start >= from && end <= to).toSorted(([a], [b]) => a - b)
  return { text: text.slice(from, to), hits: within.map(([start, end]) => [start - from, end - from]) }
}

/** As long as the line of a hit. */
export const beginning = (text: string): string => text.slice(0, boundary(text, 2 * AROUND_CHARS))

// --- folding ---

/** People use few characters, and folding one takes a microsecond. */
const folds = new Map<string, string>()
const MAX_FOLDS = 10_000

function fold(char: string): string {
  const known = folds.get(char)
  if (known !== undefined) return known
  const folded = foldAnew(char)
  if (folds.size < MAX_FOLDS) folds.set(char, folded)
  return folded
}

function foldAnew(char: string): string {
  // The same folding as the index: unicode61 removes accents.
  const plain = char.normalize('NFKD').replaceAll(MARKS, '').normalize('NFC').toLowerCase()
  return Array.from(plain, (one) => SIMPLIFIED.get(one) ?? one).join('')
}

function termsOf(text: string): Term[] {
  const terms: Term[] = []
  let open: Term | undefined
  for (const char of Array.from(text, fold).join('')) {
    const is = !WORD.test(char) ? undefined : HAN.test(char) ? 'han' : 'word'
    if (is === undefined) open = undefined
    else if (open?.is === is) open.chars.push(char)
    else terms.push((open = { is, chars: [char] }))
  }
  return terms
}

interface Folded {
  text: string
  /** For each UTF-16 unit of the folded text where its character begins and ends in the text. */
  from: number[]
  to: number[]
}

function foldWithOffsets(text: string): Folded {
  const folded: Folded = { text: '', from: [], to: [] }
  let at = 0
  for (const char of text) {
    const plain = fold(char)
    folded.text += plain
    for (let unit = 0; unit < plain.length; unit += 1) {
      folded.from.push(at)
      folded.to.push(at + char.length)
    }
    at += char.length
  }
  return folded
}

function placesOf({ is, chars }: Term, { text, from, to }: Folded): Array<[number, number]> {
  const wanted = chars.join('')
  const places: Array<[number, number]> = []
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) {
    const isInsideWord =
      is === 'word' && at > 0 && /[\p{L}\p{N}]/u.test(text[at - 1] ?? '') && !HAN.test(text[at - 1] ?? '')
    const start = from[at]
    const end = to[at + wanted.length - 1]
    if (!isInsideWord && start !== undefined && end !== undefined) places.push([start, end])
  }
  return places
}

/** Not in the middle of a surrogate pair. */
function boundary(text: string, at: number): number {
  const within = Math.min(Math.max(0, at), text.length)
  const unit = text.charCodeAt(within)
  return unit >= 0xdc00 && unit <= 0xdfff ? within - 1 : within
}
