// Brings a text into the one form that the input patterns are written in, whatever disguise it came in: width, accents,
// look-alike letters, invisible characters, digits for letters, spaced-out letters, Traditional characters. Pure; used by
// input-filter.ts and markup-filter.ts.
import { LOOK_ALIKES, SIMPLIFIED_OF } from './fold-tables.ts'

export interface Folded {
  /** Lower case, with its punctuation. */
  notation: string
  /** Words alone, one blank between them, none beside Chinese; `|` stands for the end of a sentence. */
  words: string
}

export function foldText(text: string): Folded {
  const notation = plainLetters(text).toLowerCase()
  return { notation, words: wordsOf(notation) }
}

/** Width, accents, look-alikes and what cannot be seen; the case stays, for what is encoded. */
export function plainLetters(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text
  return text
    .normalize('NFKD')
    .replace(INVISIBLE, '')
    .replace(OTHER_SCRIPTS, (letter) => LOOK_ALIKES.get(letter) ?? SIMPLIFIED_OF.get(letter) ?? letter)
}

const PRINTABLE_ASCII = /^[\n\x20-\x7e]*$/
/** Marks (accents, variation selectors), format characters (zero width, tags) and control characters but line ends and tabs. */
const INVISIBLE = /[\p{M}\p{Cf}]|(?![\t\n\r])\p{Cc}/gu
const OTHER_SCRIPTS = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Han}\u0131\u0269\u0251\u0261]/gu

function wordsOf(notation: string): string {
  const bare = notation
    .replace(SPELLED_OUT, (run) => run.replace(SEPARATORS, ''))
    .replace(/['’`]/g, '')
    .replace(SENTENCE_END, '|')
    .replace(NO_WORD, ' ')
    .replace(BLANKS_OF_HAN, '')
  return DIGITS_IN_WORDS.test(bare) ? bare.replace(MIXED_WORD, lettersFor) : bare
}

/** "i.g.n.o.r.e", "i g n o r e", "忽-略-所-有": single letters with always the same sign between them. */
const SPELLED_OUT = /(?<![\p{L}\p{N}])[\p{L}\p{N}]([\s._*|/~+-])(?:[\p{L}\p{N}]\1)+[\p{L}\p{N}](?![\p{L}\p{N}])/gu
const SEPARATORS = /[\s._*|/~+-]/g
const SENTENCE_END = /[!?。！？；;\n]+|\.(?=\s|$)/g
const NO_WORD = /[^\p{L}\p{N}|]+/gu
const BLANKS_OF_HAN = / (?=\p{Script=Han})|(?<=\p{Script=Han}) /gu
const DIGITS_IN_WORDS = /[a-z]\d|\d[a-z]/
const MIXED_WORD = /[a-z0-9]{2,40}/g

/** 1gn0re → ignore. A word of digits, or a name like "5g", is left alone. */
function lettersFor(word: string): string {
  if (word.length < 3 || !/[a-z]/.test(word)) return word
  return word.replace(/[013457]/g, (digit) => LEET[digit] ?? digit)
}

const LEET: Record<string, string> = { 0: 'o', 1: 'i', 3: 'e', 4: 'a', 5: 's', 7: 't' }
