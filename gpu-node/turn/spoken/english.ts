// What is written in figures and signs, in English words. Pure.
import { below100, cardinal, figures, ordinal, year } from './number-words-en.ts'
import { CURRENCIES, UNITS } from './units.ts'
import { plain, type Words } from './word-pieces.ts'

const MONTHS = 'January February March April May June July August September October November December'.split(' ')
const SIGNS: Record<string, string> = {
  '+': 'plus',
  '-': 'minus',
  '*': 'times',
  '/': 'divided by',
  '=': 'equals',
  '<': 'less than',
  '>': 'greater than',
  '≤': 'at most',
  '≥': 'at least',
  '≠': 'is not',
  '≈': 'is about',
  '±': 'plus or minus',
  '√': 'the square root of',
  '~': 'about',
  to: 'to',
  ':': 'to',
  below: 'minus',
  '&': 'and',
  '#': 'number',
}
const DENOMINATORS: Record<string, [string, string]> = { 2: ['half', 'halves'], 4: ['quarter', 'quarters'] }

export const english: Words = {
  number: (amount) => {
    const [whole = '', part] = plain(amount).replace('-', '').split('.')
    const said = cardinal(whole) + (part === undefined ? '' : ` point ${figures(part)}`)
    return amount.startsWith('-') ? `minus ${said}` : said
  },
  digits: (text) => (text.match(/\d+/g) ?? []).map(figures).join(', '),
  year,
  bareYear: year,
  decade: (first) => year(first).replace(/y$/, 'ie') + 's',
  power: (exponent) => `to the power of ${cardinal(exponent)}`,
  ordinal: (amount) => ordinal(plain(amount)),
  date: ({ year: inYear, month, day }) => {
    const name = MONTHS[month - 1] ?? ''
    const said = day === undefined ? name : `${name} ${ordinal(String(day))}`
    return inYear === undefined ? said : `${said}${day === undefined ? '' : ','} ${year(inYear)}`
  },
  time: ({ hour, minute, second, half }) => {
    const oclock = half === undefined && second === undefined ? " o'clock" : ''
    const minutes = minute < 10 ? `oh ${below100(minute)}` : below100(minute)
    const said = below100(hour) + (minute === 0 ? oclock : ` ${minutes}`)
    const seconds = second === undefined ? '' : ` and ${counted(String(second), 'second', 'seconds')}`
    return said + seconds + (half === undefined ? '' : ` ${half.toUpperCase()}`)
  },
  percent: (amount) => `${english.number(amount)} percent`,
  fraction: (over, under) => {
    const isOne = over === '1'
    const named = DENOMINATORS[under] ?? [ordinal(under), `${ordinal(under)}s`]
    return `${isOne ? 'one' : cardinal(over)} ${named[isOne ? 0 : 1]}`
  },
  unit: (amount, symbol) => {
    const name = UNITS.get(symbol)
    return name ? counted(amount, name.one, name.many) : `${english.number(amount)} ${symbol}`
  },
  money: (amount, currency, scale) => {
    const name = CURRENCIES[currency]
    if (!name) return english.number(amount)
    if (scale !== undefined) return `${english.number(amount)} ${scale} ${name.many}`
    const [whole = '', part] = plain(amount).split('.')
    if (!name.cents || part?.length !== 2) return counted(amount, name.one, name.many)
    const dollars = counted(whole, name.one, name.many)
    return Number(part) === 0
      ? dollars
      : `${dollars} and ${counted(String(Number(part)), name.cents.one, name.cents.many)}`
  },
  sign: (sign) => SIGNS[sign] ?? '',
  point: ' point ',
  dot: ' dot ',
  at: ' at ',
  link: 'link',
  pause: ', ',
}

const counted = (amount: string, one: string, many: string): string =>
  `${english.number(amount)} ${plain(amount) === '1' ? one : many}`
