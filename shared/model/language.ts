// The languages that Parley speaks: BCP 47 primary tags.
import * as v from 'valibot'

export const Language = v.picklist(['en', 'zh'])
export type Language = v.InferOutput<typeof Language>

/** How Chinese is written: Traditional or Simplified, by their ISO 15924 codes. */
export const Script = v.picklist(['hant', 'hans'])
export type Script = v.InferOutput<typeof Script>

/** The language of a text as its script tells it: any Chinese character makes it Chinese; digits alone say nothing. */
export function languageOf(text: string, fallback: Language): Language {
  if (/\p{Script=Han}/u.test(text)) return 'zh'
  return /\p{Script=Latin}/u.test(text) ? 'en' : fallback
}
