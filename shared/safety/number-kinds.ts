// Numbers that name a person or an account: phones, identity numbers, cards, told from others by their form and their checksum.
// Used by run-kinds.ts on ASCII. Pure.
import type { SensitiveKind } from './decision.ts'

export interface Found {
  kind: SensitiveKind
  start: number
  end: number
}

interface NumberKind {
  kind: SensitiveKind
  pattern: RegExp
  isOne?: (match: string) => boolean
}

/** In this order: a mainland identity number may also pass as a card's. */
const KINDS: readonly NumberKind[] = [
  { kind: 'mainlandId', pattern: /(?<!\d)\d{17}[\dx](?![\da-z])/gi, isOne: isMainlandId },
  { kind: 'taiwanId', pattern: /(?<![a-z\d])[a-z][1289a-d]\d{8}(?!\d)/gi, isOne: isTaiwanId },
  { kind: 'card', pattern: /(?<!\d)[2-6]\d{12,18}(?!\d)/g, isOne: passesLuhn },
  // Taiwan: mobile and landline; with or without its country code.
  { kind: 'phone', pattern: /(?<!\d)(?:\+?886|00886)0?[2-9]\d{7,8}(?!\d)/g },
  { kind: 'phone', pattern: /(?<!\d)0(?:9\d{8}|[2-8]\d{7,8})(?!\d)/g },
  // The mainland: mobile, landline, hotline.
  { kind: 'phone', pattern: /(?<!\d)(?:\+?86|0086)?1[3-9]\d{9}(?!\d)/g },
  { kind: 'phone', pattern: /(?<!\d)(?:\+?86|0086)?0?(?:10|2\d|[3-9]\d{2})\d{8}(?!\d)/g, isOne: isLandline },
  { kind: 'phone', pattern: /(?<!\d)400\d{7}(?!\d)/g },
  // ITU-T E.164: at most 15 digits.
  { kind: 'phone', pattern: /\+\d{7,15}(?!\d)/g },
  { kind: 'phone', pattern: /(?<!\d)1?[2-9]\d{2}[2-9]\d{6}(?!\d)/g },
]

/**
 * Numbers in a text without the separators in them; `grouped` is the text with them, where a number of ten digits counts only if it
 * is written like a phone's: 10 digits alone may be anything.
 */
export function findNumber(squeezed: string, isPhoneLike: (start: number, end: number) => boolean): Found | undefined {
  let first: Found | undefined
  for (const [at, { kind, pattern, isOne }] of KINDS.entries()) {
    for (const match of squeezed.matchAll(pattern)) {
      const [start, end] = [match.index, match.index + match[0].length]
      if (first && start >= first.start) break
      if (isOne && !isOne(match[0])) continue
      if (at === KINDS.length - 1 && !isPhoneLike(start, end)) continue
      first = { kind, start, end }
      break
    }
  }
  return first
}

const digitsOf = (text: string): number[] => [...text].map(Number)

/** ISO/IEC 7812-1 annex B. */
export function passesLuhn(number: string): boolean {
  const sum = digitsOf(number)
    .toReversed()
    .reduce((total, digit, at) => total + (at % 2 === 0 ? digit : digit > 4 ? 2 * digit - 9 : 2 * digit), 0)
  return sum % 10 === 0
}

/** GB 11643: 17 digits with a date of birth among them, and a check sign by ISO 7064 MOD 11-2. */
export function isMainlandId(text: string): boolean {
  const [month, day] = [Number(text.slice(10, 12)), Number(text.slice(12, 14))]
  if (month < 1 || month > 12 || day < 1 || day > 31) return false
  const sum = digitsOf(text.slice(0, 17)).reduce((total, digit, at) => total + digit * (WEIGHTS[at] ?? 0), 0)
  return '10X98765432'.charAt(sum % 11) === text.charAt(17).toUpperCase()
}

const WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]

/** The letter counts as two digits, by its place of registration; the new resident's number has a digit for the second letter. */
export function isTaiwanId(text: string): boolean {
  const upper = text.toUpperCase()
  const place = PLACES.indexOf(upper.charAt(0)) + 10
  const second = /[A-D]/.test(upper.charAt(1)) ? (PLACES.indexOf(upper.charAt(1)) + 10) % 10 : Number(upper.charAt(1))
  const digits = [Math.floor(place / 10), place % 10, second, ...digitsOf(upper.slice(2))]
  const sum = digits.reduce((total, digit, at) => total + digit * (ID_WEIGHTS[at] ?? 0), 0)
  return place >= 10 && sum % 10 === 0
}

const PLACES = 'ABCDEFGHJKLMNPQRSTUVXYWZIO'
const ID_WEIGHTS = [1, 9, 8, 7, 6, 5, 4, 3, 2, 1, 1]

/** Phone numbers with a country code or a leading zero. Without either it is a number like any other. */
function isLandline(match: string): boolean {
  return /^(?:\+|0)/.test(match)
}
