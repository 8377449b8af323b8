// Digits that are said one by one in English words, as a reply that is to be spoken may have them: "zero nine one two". Used where
// numbers are looked for. Chinese ones are signs, see toAscii(). Pure.

const WORDS: Record<string, string> = {
  zero: '0',
  oh: '0',
  one: '1',
  two: '2',
  three: '3',
  four: '4',
  five: '5',
  six: '6',
  seven: '7',
  eight: '8',
  nine: '9',
}
const ALL = Object.keys(WORDS)

/** A whole word, as a part of a pattern with the flag `i`. */
export const DIGIT_WORD = `(?<![A-Za-z])(?:${ALL.join('|')})(?![A-Za-z])`

/** Matches what may still become a digit's word at the end of the known text. */
export const DIGIT_WORD_BEGUN = `(?:${ALL.flatMap((word) => [...word].map((_, at) => word.slice(0, at + 1))).join('|')})`

const AT = new RegExp(DIGIT_WORD, 'iy')

/** The digit that a word at this place stands for, and its length. */
export function digitWordAt(text: string, at: number): { digit: string; length: number } | undefined {
  AT.lastIndex = at
  const word = AT.exec(text)?.[0]
  return word === undefined ? undefined : { digit: WORDS[word.toLowerCase()] ?? '', length: word.length }
}
