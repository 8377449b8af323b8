// Whether a clause or sentence ends at one place of a text, in English and Chinese; numbers, abbreviations, addresses and
// initials are not cut. Used by speakable.ts. Looks ahead as far as it must and says 'unknown' when the text ends before.

export interface Boundary {
  strength: 'sentence' | 'clause' | 'item'
  /** Just after the marks and the quotes and brackets that they close. */
  end: number
}

const SENTENCE_MARKS = '.!?。！？；'
const CLAUSE_MARKS = ',;:，：—…、'
/** Marks that end something whatever follows; the others only before a blank, the end, or Chinese. */
const WIDE_MARKS = '。！？；，：—…、'
const CLOSERS = '"\'”’)]}」』）】》〉*_`'
/** A dot after one of these ends no sentence. */
const ABBREVIATIONS = new Set(
  'mr mrs ms dr prof sr jr st vs gen rep sen capt lt col rev hon fig vol dept approx e.g i.e a.k.a'.split(' '),
)
/** A dot after one of these ends a sentence only before a capital. */
const MAYBE_ABBREVIATIONS = new Set(['etc', 'inc', 'ltd', 'co', 'corp', 'no', 'min', 'max', 'est', 'am', 'pm'])
const CJK = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u
/** Longest run of marks and closers that is looked through: more is ornament, and must not hold a piece back. */
const MAX_RUN = 16

interface Run {
  at: number
  end: number
  marks: string
  next: string
}

export function boundaryAt(text: string, at: number, isEnd: boolean): Boundary | 'unknown' | undefined {
  const mark = text.charAt(at)
  if (mark === '\n') return { strength: 'sentence', end: at + 1 }
  if (!SENTENCE_MARKS.includes(mark) && !CLAUSE_MARKS.includes(mark)) return undefined
  const end = endOfRun(text, at)
  if (end === text.length && !isEnd) return 'unknown'
  const run: Run = { at, end, marks: text.slice(at, end), next: text.charAt(end) }
  if (WIDE_MARKS.includes(mark)) return wideAt(text, run)
  // "3.14", "10:30", "a@b.org/?x".
  if (run.next !== '' && !/\s/.test(run.next) && !CJK.test(run.next)) return undefined
  if (CLAUSE_MARKS.includes(mark)) return { strength: 'clause', end }
  return mark === '.' ? dotAt(text, run, isEnd) : { strength: 'sentence', end }
}

function endOfRun(text: string, at: number): number {
  const isPart = (unit: string): boolean => unit !== '' && (SENTENCE_MARKS + CLAUSE_MARKS + CLOSERS).includes(unit)
  let end = at + 1
  while (isPart(text.charAt(end)) && end - at < MAX_RUN) end++
  return end
}

function wideAt(text: string, { at, end, marks, next }: Run): Boundary | undefined {
  // "10：30", "1999—2003".
  if (marks.length === 1 && /\d/.test(next) && /\d/.test(text.charAt(at - 1))) return undefined
  if (/[。！？；]/.test(marks)) return { strength: 'sentence', end }
  return { strength: marks.startsWith('、') ? 'item' : 'clause', end }
}

function dotAt(text: string, { at, end, marks }: Run, isEnd: boolean): Boundary | 'unknown' | undefined {
  const sentence: Boundary = { strength: 'sentence', end }
  if (/[!?。！？]/.test(marks)) return sentence
  if (marks.startsWith('..')) return { strength: 'clause', end }
  const word = /[\p{L}\p{N}.]*$/u.exec(text.slice(Math.max(0, at - MAX_RUN), at))?.[0].toLowerCase() ?? ''
  if (isListNumber(text, at, word) || ABBREVIATIONS.has(word) || isInitial(word)) return undefined
  const mayGoOn = MAYBE_ABBREVIATIONS.has(word) || /^(?:\p{L}\.)+\p{L}$/u.test(word)
  return mayGoOn ? beforeCapital(text, end, isEnd) : sentence
}

/** "1. Flour". */
const isListNumber = (text: string, at: number, word: string): boolean =>
  /^\d+$/.test(word) && /(?:^|\n)\s*$/.test(text.slice(0, at - word.length))

/** "J. Smith"; "I" is a word, and so is each Chinese character. */
const isInitial = (word: string): boolean => /^\p{Script=Latin}$/u.test(word) && word !== 'i'

/** "At 5 p.m. we" goes on, "at 5 p.m. We" ends; a Chinese sentence ends with a mark of its own. */
function beforeCapital(text: string, end: number, isEnd: boolean): Boundary | 'unknown' | undefined {
  const following = /\S/u.exec(text.slice(end))?.[0]
  if (following === undefined) return isEnd ? { strength: 'sentence', end } : 'unknown'
  return /\p{Lu}/u.test(following) ? { strength: 'sentence', end } : undefined
}
