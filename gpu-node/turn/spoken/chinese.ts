// What is written in figures and signs, in Chinese: made in Simplified characters and, where the text around is Traditional,
// written in those. Pure.
import { cardinal, figures } from './number-words-zh.ts'
import { CURRENCIES, UNITS } from './units.ts'
import { plain, type Words } from './word-pieces.ts'

const SIGNS: Record<string, string> = {
  '+': '加',
  '-': '减',
  '*': '乘',
  '/': '除以',
  '=': '等于',
  '<': '小于',
  '>': '大于',
  '≤': '不大于',
  '≥': '不小于',
  '≠': '不等于',
  '≈': '约等于',
  '±': '正负',
  '√': '根号',
  '~': '大约',
  to: '到',
  ':': '比',
  below: '负',
  '&': '和',
  '#': '第',
}
const SCALES: Record<string, string> = { thousand: '千', million: '百万', billion: '十亿', trillion: '万亿' }
/** All Traditional forms of what this folder says. */
const TRADITIONAL = new Map(
  Array.from(
    '两兩万萬亿億点點负負号號时時减減于於约約链鏈每每钟鐘华華摄攝欧歐镑鎊币幣韩韓贝貝'.matchAll(/(.)(.)/gu),
    ([, hans = '', hant = '']) => [hans, hant],
  ),
)

const simplified: Words = {
  number: (amount) => {
    const [whole = '', part] = plain(amount).replace('-', '').split('.')
    const said = cardinal(whole) + (part === undefined ? '' : `点${figures(part)}`)
    return amount.startsWith('-') ? `负${said}` : said
  },
  digits: (text) => (text.match(/\d+/g) ?? []).map(figures).join('，'),
  year: figures,
  bareYear: cardinal,
  decade: (first) => `${figures(first)}年代`,
  power: (exponent) => `的${cardinal(exponent)}次方`,
  ordinal: (amount) => `第${cardinal(plain(amount))}`,
  date: ({ year, month, day }) =>
    `${year === undefined ? '' : `${figures(year)}年`}${cardinal(String(month))}月${day === undefined ? '' : `${cardinal(String(day))}日`}`,
  time: ({ hour, minute, second, half }) => {
    const early = half === undefined ? '' : half.startsWith('a') ? '上午' : '下午'
    const zero = (value: number): string => (value < 10 ? '零' : '') + cardinal(String(value))
    const minutes = minute === 0 && second === undefined ? '' : `${zero(minute)}分`
    return `${early}${counted(String(hour))}点${minutes}${second === undefined ? '' : `${zero(second)}秒`}`
  },
  percent: (amount) =>
    amount.startsWith('-') ? `负百分之${simplified.number(amount.slice(1))}` : `百分之${simplified.number(amount)}`,
  fraction: (over, under) => `${cardinal(under)}分之${cardinal(over)}`,
  unit: (amount, symbol) => withName(counted(amount), UNITS.get(symbol)?.zh ?? symbol),
  money: (amount, currency, scale = '') =>
    withName(
      `${scale === '' ? counted(withoutCents(amount)) : simplified.number(amount)}${SCALES[scale] ?? scale}`,
      CURRENCIES[currency]?.zh ?? '',
    ),
  sign: (sign) => SIGNS[sign] ?? '',
  point: '点',
  dot: ' 点 ',
  at: ' at ',
  link: '链接',
  pause: '，',
}

/** Before a measure word two is 两. */
const counted = (amount: string): string => (plain(amount) === '2' ? '两' : simplified.number(amount))

/** 5.20 is 五点二. */
const withoutCents = (amount: string): string => amount.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '')

const withName = (said: string, name: string): string =>
  name.includes('…') ? name.replace('…', said) : `${said}${name}`

const toTraditional = (said: string): string =>
  Array.from(said, (character) => TRADITIONAL.get(character) ?? character).join('')

const traditional: Words = {
  number: (amount) => toTraditional(simplified.number(amount)),
  digits: simplified.digits,
  year: simplified.year,
  bareYear: (year) => toTraditional(simplified.bareYear(year)),
  decade: simplified.decade,
  power: (exponent) => toTraditional(simplified.power(exponent)),
  ordinal: (amount) => toTraditional(simplified.ordinal(amount)),
  date: (date) => toTraditional(simplified.date(date)),
  time: (time) => toTraditional(simplified.time(time)),
  percent: (amount) => toTraditional(simplified.percent(amount)),
  fraction: (over, under) => toTraditional(simplified.fraction(over, under)),
  unit: (amount, symbol) => toTraditional(simplified.unit(amount, symbol)),
  money: (amount, currency, scale) => toTraditional(simplified.money(amount, currency, scale)),
  sign: (sign) => toTraditional(simplified.sign(sign)),
  point: '點',
  dot: ' 點 ',
  at: simplified.at,
  link: '連結',
  pause: simplified.pause,
}

export const chinese = (isTraditional: boolean): Words => (isTraditional ? traditional : simplified)
