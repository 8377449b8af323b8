// Sums in an utterance: "what is two plus three", 二加三等于几. Used by slots.ts. Pure.
import type { Language } from '#gpu-node/engines/ports.ts'
import { readChineseNumber, readEnglishNumber } from './numbers.ts'

type Operator = 'plus' | 'minus' | 'times' | 'by'

/** Numbers with an operator between each two. */
interface Sum {
  numbers: number[]
  operators: Operator[]
}

export interface Computed {
  /** The sum in digits and words, as it is read aloud. */
  said: string
  /** Null where there is none: a division by zero, or more digits than are exact. */
  value: number | null
}

const OPERATORS: Record<string, Operator> = {
  plus: 'plus',
  minus: 'minus',
  less: 'minus',
  times: 'times',
  time: 'times',
  over: 'by',
  加: 'plus',
  加上: 'plus',
  '+': 'plus',
  减: 'minus',
  减去: 'minus',
  '-': 'minus',
  乘: 'times',
  乘以: 'times',
  '×': 'times',
  '*': 'times',
  除以: 'by',
  '÷': 'by',
  '/': 'by',
}
const SAID: Record<Language, Record<Operator, string>> = {
  en: { plus: ' plus ', minus: ' minus ', times: ' times ', by: ' divided by ' },
  zh: { plus: '加', minus: '减', times: '乘以', by: '除以' },
}
/** Beside an operator these are numbers, whatever a recogniser wrote. */
const HOMOPHONES: Record<string, string> = {
  to: 'two',
  too: 'two',
  for: 'four',
  fore: 'four',
  won: 'one',
  ate: 'eight',
  tree: 'three',
  free: 'three',
  sex: 'six',
}

const NUMBER_ZH = '(?:\\d+(?:\\.\\d+)?|[零一二两三四五六七八九十百千万亿]+)'
const OPERATOR_ZH = '(?:加上?|减去?|乘以?|除以|[+\\-×*÷/])'
const SUM_ZH = new RegExp(`${NUMBER_ZH}(?:\\s*${OPERATOR_ZH}\\s*${NUMBER_ZH})+`)

/** The first sum in normalised words, if there is one. */
export function compute(words: string, language: Language): Computed | undefined {
  const sum = language === 'zh' ? findChineseSum(words) : findEnglishSum(words)
  if (!sum) return undefined
  const value = evaluate(sum)
  const said = sum.numbers.map((number, i) => `${number}${SAID[language][sum.operators[i] ?? 'plus']}`)
  // The last number has no operator after it.
  said[said.length - 1] = String(sum.numbers.at(-1))
  return { said: said.join(''), value: Number.isFinite(value) && Math.abs(value) < 1e15 ? value : null }
}

function findChineseSum(words: string): Sum | undefined {
  const found = SUM_ZH.exec(words)?.[0]
  if (!found) return undefined
  const numbers = found.match(new RegExp(NUMBER_ZH, 'g')) ?? []
  const operators = found.match(new RegExp(OPERATOR_ZH, 'g')) ?? []
  return { numbers: numbers.map(readChineseNumber), operators: operators.map((sign) => OPERATORS[sign] ?? 'plus') }
}

function findEnglishSum(text: string): Sum | undefined {
  const words = text
    .replace(/\b(?:multiplied|multiply) by\b/g, 'times')
    .replace(/\bdivided? by\b/g, 'over')
    .replace(/\btake away\b/g, 'minus')
    .replace(/\badd (.+?) (?:and|to) (?=\w)/, '$1 plus ')
    .split(' ')
  for (let at = 0; at < words.length; at++) {
    const sum = readEnglishSum(words, at)
    if (sum.operators.length > 0) return sum
  }
  return undefined
}

/** The part of a sum that begins at words[from]. It has no operators where no sum begins there. */
function readEnglishSum(words: readonly string[], from: number): Sum {
  const sum: Sum = { numbers: [], operators: [] }
  let at = from
  for (;;) {
    const number = readEnglishNumber(words, at) ?? readEnglishNumber([HOMOPHONES[words[at] ?? ''] ?? ''], 0)
    if (!number) return { ...sum, operators: sum.operators.slice(0, -1) }
    sum.numbers.push(number.value)
    at = Math.max(at + 1, number.next)
    const operator = OPERATORS[words[at] ?? '']
    if (!operator) return sum
    sum.operators.push(operator)
    at++
  }
}

/** Times and divided by bind closer. */
function evaluate({ numbers, operators }: Sum): number {
  const terms = [numbers[0] ?? 0]
  operators.forEach((operator, i) => {
    const number = numbers[i + 1] ?? 0
    const last = terms.length - 1
    if (operator === 'plus') terms.push(number)
    else if (operator === 'minus') terms.push(-number)
    else terms[last] = operator === 'times' ? (terms[last] ?? 0) * number : (terms[last] ?? 0) / number
  })
  return terms.reduce((sum, term) => sum + term, 0)
}
