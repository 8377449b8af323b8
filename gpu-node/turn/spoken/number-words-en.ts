// Whole numbers in English words: cardinals, ordinals, years, figure by figure. Used by english.ts. Pure.

const ONES =
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'.split(
    ' ',
  )
const TENS = 'twenty thirty forty fifty sixty seventy eighty ninety'.split(' ')
const SCALES = ['', ' thousand', ' million', ' billion', ' trillion']
const ORDINALS: Record<string, string> = {
  one: 'first',
  two: 'second',
  three: 'third',
  five: 'fifth',
  eight: 'eighth',
  nine: 'ninth',
  twelve: 'twelfth',
}
/** Longer ones have no name that anybody knows, and are told figure by figure. */
const MAX_DIGITS = SCALES.length * 3

export function cardinal(digits: string): string {
  const bare = digits.replace(/^0+(?=\d)/, '')
  if (bare.length > MAX_DIGITS) return figures(bare)
  if (Number(bare) === 0) return 'zero'
  const groups = bare.padStart(Math.ceil(bare.length / 3) * 3, '0').match(/\d{3}/g) ?? []
  const words = groups.map((group, i) =>
    Number(group) === 0 ? '' : below1000(Number(group)) + SCALES[groups.length - 1 - i],
  )
  return words.filter((word) => word !== '').join(' ')
}

/** "twenty-first". */
export function ordinal(digits: string): string {
  const words = cardinal(digits)
  const last = /[a-z]+$/.exec(words)?.[0] ?? ''
  return words.slice(0, words.length - last.length) + (ORDINALS[last] ?? `${last.replace(/y$/, 'ie')}th`)
}

/** "nineteen oh five", "twenty twenty-six", "two thousand one". */
export function year(digits: string): string {
  const value = Number(digits)
  const [century, rest] = [Math.floor(value / 100), value % 100]
  if (digits.length !== 4 || (century % 10 === 0 && rest < 10)) return cardinal(digits)
  if (rest === 0) return `${below100(century)} hundred`
  return `${below100(century)} ${rest < 10 ? `oh ${below100(rest)}` : below100(rest)}`
}

export const figures = (digits: string): string => Array.from(digits, (digit) => ONES[Number(digit)] ?? '').join(' ')

function below1000(value: number): string {
  const hundreds = Math.floor(value / 100)
  const rest = value % 100
  if (hundreds === 0) return below100(rest)
  return `${ONES[hundreds]} hundred${rest === 0 ? '' : ` ${below100(rest)}`}`
}

export function below100(value: number): string {
  if (value < 20) return ONES[value] ?? ''
  const tens = TENS[Math.floor(value / 10) - 2] ?? ''
  return value % 10 === 0 ? tens : `${tens}-${ONES[value % 10]}`
}
