// Texts hidden in a text: base64, hex, percent and character escapes, Morse, rot13, written backwards. Says what they
// would read as; the input filter judges that. Pure and bounded.

/** A shorter run says nothing that could harm, and common words look like base64. */
const MIN_BASE64_CHARS = 16
/** Runs looked at in one text. */
const MAX_RUNS = 8
const MIN_HEX_BYTES = 8

/** The readings of all that is hidden in it; empty for nearly every text. */
export function hiddenTexts(text: string): string[] {
  return [...base64(text), ...hex(text), ...escaped(text), ...turned(text), ...morse(text)]
}

/**
 * U+E0020–E007E are invisible twins of ASCII. Flags of regions use at most six of them in a row; no one writes more, so what they
 * say does not matter.
 */
export const hasInvisibleText = (text: string): boolean => /[\u{e0020}-\u{e007e}]{6}/u.test(text)

function base64(text: string): string[] {
  return runsOf(text, BASE64_RUN)
    .filter((run) => run.length >= MIN_BASE64_CHARS)
    .flatMap((run) => {
      // A rest of one sign is no byte: what was written around the run.
      const signs = run.replaceAll('-', '+').replaceAll('_', '/')
      return readable(signs.slice(0, signs.length - (signs.length % 4 === 1 ? 1 : 0)), fromBase64)
    })
}

const BASE64_RUN = /[A-Za-z0-9+/_-]{16,4000}/g
const fromBase64 = (run: string): number[] => [...atob(run)].map((character) => character.charCodeAt(0))

function hex(text: string): string[] {
  return runsOf(text, HEX_RUN).flatMap((run) => {
    const digits = run.replace(/[^0-9a-fA-F]/g, '')
    if (digits.length < 2 * MIN_HEX_BYTES) return []
    const bytes = digits.match(/../g) ?? []
    return readable(bytes.join(' '), () => bytes.map((byte) => Number.parseInt(byte, 16)))
  })
}

const HEX_RUN = /[0-9a-fA-F]{2}(?:[\s:,]?[0-9a-fA-F]{2}){7,2000}/g

/** The same text with its escapes read, where it has any. */
function escaped(text: string): string[] {
  if (!ESCAPE.test(text)) return []
  const read = text.replace(ESCAPES, (sign) => {
    const digits = sign.replace(/[^0-9a-fA-F]/g, '')
    const code = Number.parseInt(digits, /^&#\d/.test(sign) ? 10 : 16)
    return code <= 0x10ffff ? String.fromCodePoint(code) : sign
  })
  return [read]
}

const ESCAPE = /%[0-9a-fA-F]{2}|\\[ux]\{?[0-9a-fA-F]{2}|&#x?[0-9a-fA-F]{2}/
const ESCAPES = /%[0-9a-fA-F]{2}|\\u\{?[0-9a-fA-F]{4,6}\}?|\\x[0-9a-fA-F]{2}|&#\d{2,7};?|&#[xX][0-9a-fA-F]{2,6};?/g

/** Only texts in which an injection's word stands backwards: to turn every text would double the cost. */
function turned(text: string): string[] {
  const found: string[] = []
  if (ROT13_SIGN.test(text)) found.push(text.replace(/[a-z]/gi, rot13))
  if (BACKWARDS_SIGN.test(text)) found.push([...text].toReversed().join(''))
  return found
}

const ROT13_SIGN = /vtaber|qvfertneq|sbetrg|cebzcg|vafgehpgvba|ehyrf|erirny|flfgrz|bireevqr/i
const BACKWARDS_SIGN =
  /erongi|drageretsid|draged?rsid|tegrof|tpmorp|snoitcurtsni|selur|laever|metsys|令指|词示提|則規|则规/i

function rot13(letter: string): string {
  const code = letter.charCodeAt(0)
  const base = code >= 97 ? 97 : 65
  return String.fromCharCode(base + ((code - base + 13) % 26))
}

function morse(text: string): string[] {
  return runsOf(text, MORSE_RUN).map((run) =>
    run
      .split(/[/|]|\s{2,}/)
      .map((word) =>
        word
          .trim()
          .split(' ')
          .map((sign) => LETTERS[MORSE.indexOf(sign)] ?? '')
          .join(''),
      )
      .join(' '),
  )
}

/** Eight letters at least: dots and dashes alone are only marks. */
const MORSE_RUN = /(?:[.-]{1,5}[ /|]{1,3}){7,800}[.-]{1,5}/g
/** ITU-R M.1677-1. */
const MORSE =
  '.- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --..'.split(
    ' ',
  )
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

const runsOf = (text: string, pattern: RegExp): string[] =>
  [...text.matchAll(pattern)].slice(0, MAX_RUNS).map(([run]) => run)

/** The bytes as UTF-8, where they are text at all. */
function readable(run: string, bytesOf: (run: string) => number[]): string[] {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytesOf(run)))
    return /^[\p{L}\p{M}\p{N}\p{P}\p{S}\s]+$/u.test(text) ? [text] : []
  } catch {
    return []
  }
}
