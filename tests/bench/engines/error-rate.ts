// How wrong a recogniser was: edits over the length of what was really said, in characters for Chinese and words for English.
// Pure. Punctuation, case, width and the script of Chinese do not count, as is usual for both rates.
import { languageOf, type Language } from '#shared/model/language.ts'
import { inScript } from '#gpu-node/turn/hearing/script.ts'

export interface Heard {
  said: string
  heard: string
}

export interface ErrorRate {
  /** Substitutions, insertions and deletions. */
  edits: number
  /** Units (characters or words) that were said. */
  units: number
}

const toHans = inScript('hans')

/** What is compared: characters of Chinese, words of English. */
export function unitsOf(text: string, language: Language): string[] {
  const plain = toHans(text.normalize('NFKC')).toLowerCase().replaceAll(/['’]/g, '')
  if (language === 'zh') return [...plain.replaceAll(/[^\p{L}\p{N}]/gu, '')]
  return plain.split(/[^\p{L}\p{N}]+/u).filter((word) => word !== '')
}

/** Over all recordings together, so that long ones weigh more; the share is edits / units and may exceed 1. */
export function errorRate(recordings: readonly Heard[], language: Language): ErrorRate {
  let [edits, units] = [0, 0]
  for (const { said, heard } of recordings) {
    const reference = unitsOf(said, language)
    edits += distance(reference, unitsOf(heard, language))
    units += reference.length
  }
  return { edits, units }
}

/** Which language a transcript is in. */
export const spokenLanguage = (text: string): Language => languageOf(text, 'en')

/** Levenshtein, one row at a time. */
export function distance(from: readonly string[], to: readonly string[]): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (const [i, unit] of from.entries()) {
    const next = [i + 1]
    for (const [j, other] of to.entries())
      next.push(Math.min((next[j] ?? 0) + 1, (row[j + 1] ?? 0) + 1, (row[j] ?? 0) + (unit === other ? 0 : 1)))
    row = next
  }
  return row.at(-1) ?? 0
}
