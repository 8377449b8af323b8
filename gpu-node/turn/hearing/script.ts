// Chinese text in Traditional or Simplified characters, by opencc: the characters change, the words stay (軟件, not 軟體).
// Used for transcripts, replies, and what TTS is given. The tables are built at the first use of each direction: Traditional
// costs 0.1 s and 70 MB once, which a session pays as it begins and not in the middle of a sentence.
import { Converter as FromSimplified, Locale } from 'opencc-js/cn2t'
import { Converter as FromTraditional } from 'opencc-js/t2cn'
import type { Language, Script } from '#shared/model/language.ts'

export type Convert = (text: string) => string

/** The text in that script; as it comes where none is asked for. */
export function inScript(script: Script | null): Convert {
  if (script === null) return (text) => text
  return script === 'hant' ? toHant : toHans
}

/** Whisper writes on in the script of the text that it is told came before. Only where Chinese is what it should hear. */
export function primingFor(language: Language, script: Script | null): string | undefined {
  if (language !== 'zh' || script === null) return undefined
  return { hant: '以下是繁體中文的句子。', hans: '以下是简体中文的句子。' }[script]
}

/** One form for comparing character by character: the Simplified one, which costs least. */
export const simplified: Convert = (character) => {
  const known = compared.get(character)
  if (known !== undefined) return known
  const simple = toHans(character)
  if (compared.size < MAX_COMPARED) compared.set(character, simple)
  return simple
}

/** More than texts use; a table asked for each character would cost some microseconds each time. */
const MAX_COMPARED = 10_000
const compared = new Map<string, string>()

/** Builds what a script needs. Idempotent. */
export function prepareScript(script: Script): void {
  if (script === 'hant') toHant('后')
  else toHans('後')
}

/** Whether the text has a character that is written in Traditional Chinese alone. */
export const hasTraditional = (text: string): boolean => toHans(text) !== text

type Dictionaries = Record<string, readonly (readonly unknown[])[] | undefined>
// The package's types do not resolve under nodenext.
const fromSimplified: (options: { from: 'cn'; to: 'tw' }) => Convert = FromSimplified
const fromTraditional: (options: { from: 'tw'; to: 'cn' }) => Convert = FromTraditional
const simplifiedTables: Dictionaries = Locale.from

const converters: { hans?: Convert; hant?: Convert; simplified?: RegExp } = {}

function toHans(text: string): string {
  if (!HAN.test(text)) return text
  converters.hans ??= fromTraditional({ from: 'tw', to: 'cn' })
  return converters.hans(text)
}

/**
 * Text that is Traditional already is left alone: read as Simplified, 范先生 would become 範先生 and 干預 幹預. It is, where it
 * has a Traditional character and none that is Simplified only.
 */
function toHant(text: string): string {
  if (!HAN.test(text)) return text
  converters.simplified ??= simplifiedOnly()
  if (!converters.simplified.test(text) && hasTraditional(text)) return text
  converters.hant ??= fromSimplified({ from: 'cn', to: 'tw' })
  return converters.hant(text)
}

const HAN = /\p{Script=Han}/u

/** Simplified forms that Traditional phrases of opencc's own tables use, too, for another word: they prove nothing. */
const IN_BOTH =
  '丑丰于云仆伙余佣准几凶划占厘台叶吁吃后咨咸夸尸岩岳帘干征恒斗朴杠杰柜涌淀游熏皂膻苹范荐虱蜡跖辟适郁采里霉'

function simplifiedOnly(): RegExp {
  const tables = simplifiedTables['cn']?.flat().filter((table) => typeof table === 'string') ?? []
  const characters = tables.flatMap((table) =>
    [...table.matchAll(/(?:^|\|)(.) /gu)].map(([, character]) => character ?? ''),
  )
  return new RegExp(`[${characters.filter((character) => !IN_BOTH.includes(character)).join('')}]`, 'u')
}
