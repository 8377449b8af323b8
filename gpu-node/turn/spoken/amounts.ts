// Amounts with a sign or a unit: $5.20, 10%, 3-5 kg, 1/2, -5°C, 3 + 4. Pure.
import { isFraction } from './dates.ts'
import { CURRENCIES, UNITS } from './units.ts'
import { AMOUNT, type Words } from './word-pieces.ts'

const escaped = (symbols: Iterable<string>): string =>
  Array.from(symbols)
    .toSorted((a, b) => b.length - a.length)
    .map((symbol) => symbol.replaceAll('$', String.raw`\$`))
    .join('|')
const SIGNS = escaped(Object.keys(CURRENCIES).filter((name) => /[^A-Z]/.test(name)))
const CODES = escaped(Object.keys(CURRENCIES).filter((name) => /^[A-Z]+$/.test(name)))
const SCALE = 'thousand|million|billion|trillion|[千万亿萬億]'
/** No letter before it: A4, GPT-4 and 3-5 are no amounts below zero. */
const BELOW_ZERO = String.raw`(?:(?<![A-Za-z\d%)])[-−–])?`

const MONEY = new RegExp(
  `(?<![A-Za-z])(?:${SIGNS}|(?:${CODES}) )(${AMOUNT})(?:\\s?(${SCALE}|[kKMB](?![A-Za-z])))?(?:\\s?[元块塊])?`,
  'gu',
)
const MONEY_CODE = new RegExp(`(${AMOUNT})(?:\\s?(${SCALE}))?\\s?(${CODES})(?![A-Za-z])`, 'gu')
const LETTER_SCALES: Record<string, string> = { k: 'thousand', K: 'thousand', M: 'million', B: 'billion' }
const PERCENT = new RegExp(`(${BELOW_ZERO}${AMOUNT})\\s?[%％]`, 'gu')
const UNIT = new RegExp(`(${BELOW_ZERO}${AMOUNT})\\s?(${escaped(UNITS.keys())})(?![A-Za-z\\d²³/])`, 'gu')
/** From an amount with or without its unit to another. */
const RANGE = new RegExp(
  `(?<![\\d-])(${AMOUNT}(?:\\s?(?:[%％]|${escaped(UNITS.keys())}))?)\\s?[-~～–—−]\\s?(?=(?:${SIGNS})?${AMOUNT}(?![-\\d]))`,
  'gu',
)
const FRACTION = /(?<![\d/.,])(\d{1,4})\/(\d{1,4})(?![\d/])/g
/** A sign between two amounts. */
const between = (signs: string): RegExp => new RegExp(`(?<=[\\d)])\\s*([${signs}])\\s*(?=[\\d(+√±−-])`, 'gu')
const IN_SUM = between('+×✕x*÷/=<>≤≥≠≈±−\\-')
/** 24/7 is no sum. */
const IN_TEXT = between('+×✕x*÷=<>≤≥≠≈±−\\-')
const MINUS = new RegExp(`${BELOW_ZERO.slice(0, -1)}(?=\\d)`, 'gu')
const PLAIN_SIGNS: Record<string, string> = { '×': '*', '✕': '*', x: '*', '÷': '/', '−': '-' }

export function sayAmounts(text: string, words: Words): string {
  const spaced = (said: string): string => ` ${said} `
  const isSum = /\d\s*=/.test(text)
  return (isSum ? text : text.replace(RANGE, (_, from: string) => `${from}${spaced(words.sign('to'))}`))
    .replace(MONEY, (written: string, amount: string, scale?: string) => {
      const currency = written.slice(0, written.indexOf(amount)).trim()
      return spaced(words.money(amount, currency, scale && (LETTER_SCALES[scale] ?? scale)))
    })
    .replace(MONEY_CODE, (_, amount: string, scale: string | undefined, code: string) =>
      spaced(words.money(amount, code, scale)),
    )
    .replace(PERCENT, (_, amount: string) => spaced(words.percent(amount.replace(/[−–]/, '-'))))
    .replace(UNIT, (_, amount: string, symbol: string) => spaced(words.unit(amount.replace(/[−–]/, '-'), symbol)))
    .replace(FRACTION, (written, over: string, under: string) =>
      isFraction(over, under) && !isSum ? spaced(words.fraction(over, under)) : written,
    )
    .replace(/(?<=\d)\^(\d+)/g, (_, exponent: string) => spaced(words.power(exponent)))
    .replace(/(?<=\d)\s?[:：]\s?(?=\d)/g, () => spaced(words.sign(':')))
    .replace(isSum ? IN_SUM : IN_TEXT, (_, sign: string) => spaced(words.sign(PLAIN_SIGNS[sign] ?? sign)))
    .replace(MINUS, () => spaced(words.sign('below')))
    .replace(/[~～≈](?=\s?\d)/g, () => spaced(words.sign('~')))
    .replace(/([√±+#])\s?(?=\d)/g, (_, sign: string) => spaced(words.sign(sign)))
    .replace(/\b([CF])#/g, '$1 sharp')
    .replace(/(?<=[\dA-Za-z+])\+/g, () => spaced(words.sign('+')))
}
