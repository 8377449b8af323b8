// Bare numbers: telephone numbers and versions figure by figure, ordinals, years, and all that is left. Pure. After this no
// figure is left.
import { AMOUNT, type Words } from './word-pieces.ts'

/** +886 2 1234-5678, 02-1234-5678, (02) 1234-5678, 555-123-4567, 0912345678, 13812345678. */
const PHONE =
  /(?<![\d.,-])(?:\+\d{1,3}(?:[ -]?\(?\d{1,4}\)?){2,6}|\(0\d{1,3}\) ?\d{3,4}[ -]?\d{3,4}|0\d{1,3}-\d{3,4}-?\d{3,4}|\d{3}-\d{3,4}-\d{3,4}|\d{3}-(?!\d\d00)\d{4}|0\d{8,10}|1[3-9]\d{9})(?![\d-]|\.\d)/g
const VERSION = /\d+(?:\.\d+){2,}/g
const ORDINAL = /(\d{1,3}(?:,\d{3})+|\d+)(?:st|nd|rd|th)\b/g
/** Of four figures and no count: "1500 users" has a plural after it, or so it seems. */
const YEAR = /(?<![\d,.])(1[1-9]\d\d|20\d\d)(?![\d,.]\d|\d|\s+(?!is\b|was\b|this\b|as\b|has\b)\p{Ll}+s\b)/gu
const MEASURES =
  '个個位只隻条條张張本杯件次天年周週岁歲人名家间間台臺辆輛块塊元双雙种種小分秒点點倍米公万萬亿億千百通份封篇部支把头頭匹群棵朵座层層碗瓶盒包句段项項页頁'
/** Two of something, and not the second. */
const TWO = new RegExp(`(?<![\\d.,第A-Za-z])2(?=\\s?[${MEASURES}])`, 'gu')
const NUMBER = new RegExp(AMOUNT, 'g')
/** "GPT-4", "COVID-19". */
const NAME_HYPHEN = /(?<=\p{L})-(?=\d)|(?<=\d)-(?=\p{L})/gu

export const sayPhones = (text: string, words: Words): string =>
  text.replace(PHONE, (phone) => spaced(words.digits(phone)))

export function sayNumbers(text: string, words: Words): string {
  return text
    .replace(VERSION, (version) =>
      spaced(
        version
          .split('.')
          .map((part) => words.number(part))
          .join(words.point),
      ),
    )
    .replace(ORDINAL, (_, amount: string) => spaced(words.ordinal(amount)))
    .replace(YEAR, (year) => spaced(words.bareYear(year)))
    .replace(NAME_HYPHEN, ' ')
    .replace(TWO, () => words.unit('2', ''))
    .replace(NUMBER, (amount) => spaced(/^0\d+$/.test(amount) ? words.digits(amount) : words.number(amount)))
}

const spaced = (said: string): string => ` ${said} `
