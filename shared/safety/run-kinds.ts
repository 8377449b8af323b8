// What must not be said and is written without a blank, or in groups of digits: addresses, keys, numbers. Used by run-stage.ts on a
// bounded piece of text, one character of it for one of the text. Pure.
import type { SensitiveKind } from './decision.ts'
import { digitWordAt } from './digit-words.ts'
import { findNumber, type Found } from './number-kinds.ts'

/** What separates the groups of a number. No slash: a date is no phone. */
const SEPARATORS = /[\s.,，、()–—-]/

/** The earliest of what is looked for that begins before `before`. */
export function findInRun(text: string, kinds: ReadonlySet<SensitiveKind>, before: number): Found | undefined {
  const ascii = toAscii(text)
  return [...inWords(ascii), ...inDigits(ascii)]
    .filter(({ kind, start }) => kinds.has(kind) && start < before)
    .toSorted((one, other) => one.start - other.start || other.end - one.end)[0]
}

/** Full-width letters, Chinese digits: one sign for one sign. */
export function toAscii(text: string): string {
  return text.replace(/[！-～零〇一二三四五六七八九幺]/g, (sign) => {
    const digit = '零一二三四五六七八九'.indexOf(sign)
    if (digit >= 0) return `${digit}`
    if (sign === '〇') return '0'
    if (sign === '幺') return '1'
    return String.fromCharCode(sign.charCodeAt(0) - 0xfee0)
  })
}

const WORD_KINDS: readonly (readonly [SensitiveKind, RegExp])[] = [
  ['token', /(?<![A-Za-z0-9])(?:sk|pk|rk|ek|tk)[-_][A-Za-z0-9_-]{12,}/g],
  [
    'token',
    /(?<![A-Za-z0-9])(?:gh[opsru]_|github_pat_|hf_|glpat-|npm_|xox[abprs]-|ya29\.|SG\.|dop_v1_|AKIA|ASIA|AIza)[A-Za-z0-9_.-]{12,}/g,
  ],
  ['token', /(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?/g],
  // Keys without a maker's mark: long, and random by their look (isRandom).
  ['token', /(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{32,}(?![A-Za-z0-9_-])/g],
  ['token', /(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}={0,2}/g],
  [
    'localAddress',
    /(?:[a-z]{2,6}:\/\/)?(?<![\d.])(?:10|127|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))(?:\.\d{1,3}){2,3}(?![\d.]*\d)(?::\d{1,5})?(?:\/[^\s"'<>]*)?/gi,
  ],
  [
    'localAddress',
    /(?:[a-z]{2,6}:\/\/)?(?<![\w.-])(?:localhost|[\w-]{1,63}(?:\.[\w-]{1,63}){0,3}\.(?:local|lan|internal|localdomain|home\.arpa))(?![\w-])(?::\d{1,5})?(?:\/[^\s"'<>]*)?/gi,
  ],
  ['localAddress', /(?<![\w:])(?:fe80|f[cd][0-9a-f]{2})(?::[0-9a-f]{0,4}){2,7}(?![\w:])|(?<![\w:])::1(?![\w:])/gi],
  ['url', /(?<![a-z])(?:https?|ftp|wss?):\/\/[^\s"'<>]+|(?<![\w.-])www\.[^\s"'<>]+/gi],
  [
    'url',
    /(?<![\w.@-])(?:[a-z0-9-]{1,63}\.){1,4}(?:com|org|net|io|dev|app|ai|cn|tw|hk|uk|de|fr|jp|info|biz|me|co|edu|gov|xyz|site|online|example)(?![\w-])(?::\d{1,5})?(?:\/[^\s"'<>]*)?/gi,
  ],
]

function* inWords(text: string): Generator<Found> {
  yield* emails(text)
  if (!/[A-Za-z:]/.test(text) && !text.includes('.')) return
  for (const [kind, pattern] of WORD_KINDS) {
    for (const match of text.matchAll(pattern)) {
      if (kind === 'token' && !MARKED.test(match[0]) && !isRandom(match[0])) continue
      yield { kind, start: match.index, end: match.index + withoutMarks(match[0]).length }
    }
  }
}

/** Grown from each @ to both sides: a pattern would try every beginning of a long run. */
function* emails(text: string): Generator<Found> {
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at
    while (start > 0 && at - start < 64 && /[\w.%+-]/.test(text.charAt(start - 1))) start--
    const domain = /^(?:[a-z0-9-]{1,63}\.){1,6}[a-z]{2,24}(?![a-z0-9-])/i.exec(text.slice(at + 1, at + 256))
    if (domain) yield { kind: 'email', start, end: at + 1 + domain[0].length }
  }
}

/** What stands between groups of digits and may be inside of one number: anything, all but what separates numbers, nothing. */
const JOINS: readonly ((between: string) => boolean)[] = [
  () => true,
  (between) => !/[,，、()]/.test(between),
  () => false,
]

/** A number may be followed by another one, as a card's by its date: groups are tried together and apart. */
function* inDigits(text: string): Generator<Found> {
  for (const joins of JOINS) yield* inGroups(text, joins)
}

function* inGroups(text: string, joins: (between: string) => boolean): Generator<Found> {
  const { squeezed, starts, ends } = squeeze(text, joins)
  const isPhoneLike = (start: number, end: number): boolean =>
    GROUPED_PHONE.test(text.slice(starts[start], ends[end - 1]))
  for (let from = 0; ;) {
    const found = findNumber(blanked(squeezed, from), isPhoneLike)
    if (!found) return
    const start = starts[found.start] ?? 0
    const end = ends[found.end - 1] ?? text.length
    from = found.end
    if (isList(text.slice(start, end), found.kind)) continue
    // An opening bracket before the area code goes with it.
    const isBracketed = text.charAt(start - 1) === '('
    yield { kind: found.kind, start: isBracketed ? start - 1 : start, end }
  }
}

/** A part of a counted list has more than this many numbers. */
const MAX_COUNTED = 4

function isList(written: string, kind: SensitiveKind): boolean {
  // "0.9, 0.95, 0.99": points and other separators together are a list of decimals.
  if (kind === 'phone' && /\./.test(written) && /[\s,，、]/.test(written)) return true
  const numbers = written.split(/[,，、]\s?/).map(Number)
  const isUp = numbers.every((number, at) => at === 0 || number > (numbers[at - 1] ?? 0))
  const isDown = numbers.every((number, at) => at === 0 || number < (numbers[at - 1] ?? 0))
  return numbers.length > MAX_COUNTED && (isUp || isDown)
}

/** Grouped as in North America. */
const GROUPED_PHONE = /^1?[\s.-]?\(?\d{3}\)?[\s.-]\s?\d{3}[\s.-]\d{4}$/

interface Squeezed {
  squeezed: string
  /** Where each sign began and ended in the text. */
  starts: number[]
  ends: number[]
}

/** Digits without the separators between them, also those that are words; other separators become a blank. */
function squeeze(text: string, joins: (between: string) => boolean): Squeezed {
  const made: Squeezed = { squeezed: '', starts: [], ends: [] }
  const add = (sign: string, start: number, end: number): void => {
    made.squeezed += sign
    made.starts.push(start)
    made.ends.push(end)
  }
  for (let at = 0; at < text.length;) {
    const word = digitWordAt(text, at)
    const sign = word?.digit ?? text.charAt(at)
    const end = at + (word?.length ?? 1)
    if (!SEPARATORS.test(sign)) {
      const between = text.slice(made.ends.at(-1) ?? 0, at)
      const isOneNumber = /\d/.test(sign) && /[\d+]$/.test(made.squeezed) && joins(between)
      if (between !== '' && !isOneNumber) add(' ', at - 1, at)
      add(sign, at, end)
    }
    at = end
  }
  return made
}

const blanked = (text: string, until: number): string => ' '.repeat(until) + text.slice(until)

/** Begins as its maker writes it. */
const MARKED = /^(?:[sprekt]{2}[-_]|gh|github|hf_|glpat|npm_|xox|ya29|SG\.|dop_|AKIA|ASIA|AIza|eyJ)/

/** A hash in hexadecimal, or upper case, lower case and figures mixed; with slashes only where it is base64 for sure. */
function isRandom(run: string): boolean {
  if (/^[0-9a-f]{32,}$/i.test(run)) return /\d/.test(run) && /[a-f]/i.test(run)
  return /\d/.test(run) && /[a-z]/.test(run) && /[A-Z]/.test(run) && (!run.includes('/') || /\+|=$/.test(run))
}

/** The full stop after an address is the sentence's. */
const withoutMarks = (match: string): string => match.replace(/[.,;:!?)\]}]{1,8}$/, '')
