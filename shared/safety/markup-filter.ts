// Whether a text has markup that would run or load something where it is shown, and of which family. Used by edge/http on text
// that is stored or shown; every page of ours escapes as well, but exports and other clients may not. Pure.
import type { Markup } from './decision.ts'
import { hiddenTexts } from './encoded-text.ts'
import { plainLetters } from './fold.ts'

/** Longest text that is looked at, in UTF-16 units. */
const MAX_CHARS = 64_000

const PATTERNS: readonly (readonly [Markup, RegExp])[] = [
  ['scriptTag', /<\s{0,8}\/?\s{0,8}script\b/],
  ['eventHandler', /(?:<[a-z][^>]{0,400}[\s/"']|["']\s{1,8})on[a-z]{3,24}\s{0,8}=/],
  ['scriptUrl', /(?:java|vb|live)script:|(?:\]\(|href=|src=)\s?["']?(?:java|vb)script/],
  ['dataUrl', /\bdata:(?:text\/html|image\/svg|application\/(?:xhtml|xml|javascript)|text\/(?:xml|javascript))/],
  ['svg', /<\s{0,8}(?:svg|math|animate|foreignobject)\b/],
  ['metaBase', /<\s{0,8}(?:meta|base)\b/],
  ['style', /<\s{0,8}(?:style|link)\b|<[a-z][^>]{0,400}\sstyle\s{0,8}=|@import\s{1,8}(?:url|["'])|expression\s?\(/],
  [
    'activeTag',
    /<\s{0,8}\/?\s{0,8}(?:iframe|frame|frameset|object|embed|applet|form|input|button|textarea|template|noscript|img|video|audio|source|portal|marquee)\b/,
  ],
]

/** The family of the first markup found; undefined where the text is only text. */
export function findMarkup(text: string): Markup | undefined {
  const looked = text.slice(0, MAX_CHARS)
  const plain = familyOf(looked)
  if (plain) return plain
  const shown = decoded(plainLetters(looked))
  return shown.some((hidden) => familyOf(hidden)) || familyOf(plainLetters(looked)) ? 'encodedMarkup' : undefined
}

function familyOf(text: string): Markup | undefined {
  const lower = text.replace(UNSEEN, '').toLowerCase()
  if (!lower.includes('<') && !lower.includes(':') && !lower.includes('=') && !lower.includes('@import'))
    return undefined
  // Browsers drop tabs and line ends inside the name of a scheme.
  const joined = lower.replace(/[\t\n\r]/g, '')
  return PATTERNS.find(([, pattern]) => pattern.test(lower) || pattern.test(joined))?.[0]
}

/** What a browser does not see in a tag's name or a scheme. */
const UNSEEN = /\p{Cf}|(?![\t\n\r])\p{Cc}/gu

function decoded(text: string): string[] {
  const named = text.replace(
    /&(lt|gt|quot|colon|tab|newline|amp);?/gi,
    (_, name: string) => ENTITIES[name.toLowerCase()] ?? '',
  )
  const utf7 = text.replace(/\+AD([w4])-/g, (_, sign: string) => (sign === 'w' ? '<' : '>'))
  return [
    ...(named === text ? [] : [named, ...hiddenTexts(named)]),
    ...(utf7 === text ? [] : [utf7]),
    ...hiddenTexts(text),
  ]
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', quot: '"', colon: ':', tab: '', newline: '', amp: '&' }
