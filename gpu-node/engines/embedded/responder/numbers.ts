// Numbers as people say them, in English words and Chinese characters, and back. Used by arithmetic.ts and slots.ts.
// Whole numbers below a trillion; digits may stand anywhere.

const ONES =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const TENS = 'zero ten twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const SCALES: Record<string, number> = { hundred: 100, thousand: 1_000, million: 1_000_000, billion: 1_000_000_000 }

const DIGITS_ZH = '零一二三四五六七八九'
const UNITS_ZH: Record<string, number> = { 十: 10, 百: 100, 千: 1_000, 万: 10_000, 亿: 100_000_000 }

export interface ReadNumber {
  value: number
  /** Index of the first word after it. */
  next: number
}

/** The number that begins at words[at], as long as it goes: "one hundred and five". */
export function readEnglishNumber(words: readonly string[], at: number): ReadNumber | undefined {
  const first = words[at] ?? ''
  if (/^\d+(\.\d+)?$/.test(first)) return { value: Number(first), next: at + 1 }
  const sum: NumberSoFar = { total: 0, group: 0, room: 1_000 }
  let next = at
  while (take(sum, words[next] ?? '') || (next > at && isLink(sum, words, next))) next++
  return next === at ? undefined : { value: sum.total + sum.group, next }
}

interface NumberSoFar {
  total: number
  /** What the next scale multiplies. */
  group: number
  /** A following number must be smaller: after "twenty" one to nine, after "five" none. */
  room: number
}

/** Adds a word of a number; false where the word is none, or begins another number. */
function take(sum: NumberSoFar, word: string): boolean {
  const scale = SCALES[word]
  const small = smallNumber(word)
  if (scale === 100) {
    sum.group = (sum.group || 1) * 100
    sum.room = 100
    return true
  }
  if (scale !== undefined) {
    sum.total += (sum.group || 1) * scale
    sum.group = 0
    sum.room = 1_000
    return true
  }
  if (small === undefined || small >= sum.room) return false
  sum.group += small
  sum.room = small >= 20 ? 10 : 0
  return true
}

/** The "and" of "one hundred and five". */
const isLink = (sum: NumberSoFar, words: readonly string[], at: number): boolean =>
  words[at] === 'and' && sum.room >= 100 && smallNumber(words[at + 1] ?? '') !== undefined

function smallNumber(word: string): number | undefined {
  const one = ONES.indexOf(word)
  if (one >= 0) return one
  const ten = TENS.indexOf(word)
  return ten >= 2 ? ten * 10 : undefined
}

/** 一百零五, 两千, 12. */
export function readChineseNumber(text: string): number {
  if (/^[\d.]+$/.test(text)) return Number(text)
  let total = 0
  let group = 0
  let digit = 0
  for (const char of text.replaceAll('两', '二')) {
    const unit = UNITS_ZH[char]
    if (unit === undefined) digit = DIGITS_ZH.indexOf(char)
    else if (unit >= 10_000) [total, group, digit] = [(total + group + digit) * unit, 0, 0]
    else [group, digit] = [group + (digit || 1) * unit, 0]
  }
  return total + group + digit
}

/** Whole numbers from 0 to 99, for counting aloud. */
export function sayEnglishNumber(value: number): string {
  if (value < 20) return ONES[value] ?? String(value)
  const tens = TENS[Math.floor(value / 10)] ?? ''
  return value % 10 === 0 ? tens : `${tens}-${ONES[value % 10]}`
}

export function sayChineseNumber(value: number): string {
  const ones = value % 10 === 0 && value > 0 ? '' : (DIGITS_ZH[value % 10] ?? '')
  if (value < 10) return ones || '零'
  return `${value < 20 ? '' : DIGITS_ZH[Math.floor(value / 10)]}十${ones}`
}
