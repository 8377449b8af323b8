// Whether a caller's text tries to talk the model out of its instructions, and how. Used by gpu-node/turn before any prompt and by
// edge/http for text that comes into prompts later. Pure; knows no persona and no caller.
import type { Injection } from './decision.ts'
import { hasInvisibleText, hiddenTexts } from './encoded-text.ts'
import { foldText, plainLetters } from './fold.ts'
import type { InputPattern } from './input-patterns.ts'
import { ENGLISH_ROLES } from './input-patterns-en-roles.ts'
import { ENGLISH_TRICKS } from './input-patterns-en-tricks.ts'
import { ENGLISH_ORDERS } from './input-patterns-en.ts'
import { NOTATION } from './input-patterns-notation.ts'
import { CHINESE } from './input-patterns-zh.ts'

/** Longest text that is looked at, in UTF-16 units: what a turn may have (MAX_TURN_TEXT_CHARS). */
const MAX_CHARS = 16_000

/** The family of the first injection found; undefined where the text is harmless. */
export function findInjection(text: string): Injection | undefined {
  const looked = text.slice(0, MAX_CHARS)
  if (hasInvisibleText(looked)) return 'encoded'
  // Hidden first: what is decoded is often an override, and that it was hidden says more.
  if (hiddenTexts(plainLetters(looked)).some(familyOf)) return 'encoded'
  return familyOf(looked)
}

function familyOf(text: string): Injection | undefined {
  const { notation, words } = foldText(text)
  return (
    firstOf(NOTATION, notation) ??
    (LATIN.test(words) ? firstOf(ENGLISH, words) : undefined) ??
    (HAN.test(words) ? firstOf(CHINESE, words) : undefined)
  )
}

const ENGLISH = [...ENGLISH_ORDERS, ...ENGLISH_ROLES, ...ENGLISH_TRICKS]
const LATIN = /[a-z]{3}/
const HAN = /\p{Script=Han}/u

const firstOf = (patterns: readonly InputPattern[], text: string): Injection | undefined =>
  patterns.find(({ matches }) => matches.test(text))?.family
