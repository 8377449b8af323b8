// How long a text takes to say, told before it is said: in Latin letters, of which a Chinese, Japanese or Korean
// character, a syllable, takes as long as about three. Used to cut replies, to guess what was heard, and to count
// tokens. Pure.

const CHARACTER = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu
const LETTERS_PER_CHARACTER = 3

export const countCharacters = (text: string): number => text.match(CHARACTER)?.length ?? 0

export const letterWidth = (text: string): number => text.length + countCharacters(text) * (LETTERS_PER_CHARACTER - 1)
