// What of a piece is said aloud: words alone. Markup and emoji are for the eye, figures and signs become words of the piece's
// language. Used by the reply pipeline before TTS; the caller reads the piece as the model wrote it. Pure.
import type { Language, Script } from '#shared/model/language.ts'
import { hasTraditional } from '#gpu-node/turn/hearing/script.ts'
import { sayAddresses } from './addresses.ts'
import { sayAmounts } from './amounts.ts'
import { chinese } from './chinese.ts'
import { sayDates } from './dates.ts'
import { english } from './english.ts'
import { withoutMarkup } from './markdown.ts'
import { sayNumbers, sayPhones } from './numbers.ts'
import { withoutEmoji, withoutSigns } from './signs.ts'
import type { Words } from './word-pieces.ts'
import { hasWords } from '#gpu-node/turn/machine/same-words.ts'

/** The words of a piece for TTS; empty when there is nothing to say. */
export function spokenText(piece: string, language: Language, script: Script | null = null): string {
  const words = wordsFor(piece, language, script)
  let text = withoutMarkup(withoutEmoji(narrow(piece)), words.pause)
  text = sayAddresses(text, words)
  text = sayPhones(sayDates(text, words), words)
  text = sayNumbers(sayAmounts(text, words), words)
  text = withoutSigns(text.replace(/&/g, ` ${words.sign('&')} `))
  return hasWords(text) ? text : ''
}

/** Addresses, units and currencies, which are of no language. */
const NOTATION = /\w+[:@.][\w./:@?=&%-]+|[A-Z]{2}\$|\d\s?[A-Za-z°]{1,4}(?:\/[a-z])?(?![A-Za-z])/g

/** The language of most of a piece, which says all of it: an English sentence with 王小明 in it stays English. */
export function languageOfMost(piece: string, language: Language): Language {
  const prose = piece.replace(NOTATION, ' ')
  const han = prose.match(/\p{Script=Han}/gu)?.length ?? 0
  const latin = prose.match(/\p{Script=Latin}{2,}/gu)?.length ?? 0
  if (han === latin) return language
  return han > latin ? 'zh' : 'en'
}

function wordsFor(piece: string, language: Language, script: Script | null): Words {
  if (languageOfMost(piece, language) === 'en') return english
  return chinese(script === null ? hasTraditional(piece) : script === 'hant')
}

/** Full-width and other figures as ASCII: ３％ ½ ①. Powers stay, for the units. */
const narrow = (text: string): string =>
  text.replace(/[！-～]|[\p{Nd}\p{No}\p{Nl}]/gu, (sign) =>
    /[\dA-Za-z²³，：；！？（）～]/u.test(sign) ? sign : sign.normalize('NFKC').replace('⁄', '/'),
  )
