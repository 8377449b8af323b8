// What counts as a word, and when two texts say the same. Used by the reducer (is it speech? does a speculation hold?)
// and by the splitter. Pure.

/** Whether a text says anything: punctuation and blanks alone are what recognisers make of noise. */
export const hasWords = (text: string): boolean => /[\p{L}\p{N}]/u.test(text)

/** Equal but for case, blanks and punctuation: a reply to the one is a reply to the other. */
export const saysTheSame = (one: string, other: string): boolean => bareWords(one) === bareWords(other)

/** Apostrophes go without a trace (it's = its), other marks part words. */
function bareWords(text: string): string {
  return text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/['’]/gu, '')
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim()
}
