// The languages that Parley speaks: BCP 47 primary tags.
import * as v from 'valibot'

export const Language = v.picklist(['en', 'zh'])
export type Language = v.InferOutput<typeof Language>

/** The language of a text as its script tells it: any Chinese character makes it Chinese; digits alone say nothing. */
export function languageOf(text: string, fallback: Language): Language {
  if (/\p{Script=Han}/u.test(text)) return 'zh'
  return /\p{Script=Latin}/u.test(text) ? 'en' : fallback
}
