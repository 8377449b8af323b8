// Whether words can have been said in a time: an engine that is given others as those of a reference learns to speak too fast or drawls.

/** Letters and digits a second that could be said, generously: fast English has 20, slow English 5. */
const MIN_PER_SECOND = 1.5
const MAX_PER_SECOND = 30
/** One Chinese character is a syllable, which in Latin letters has two or three. */
const LETTERS_OF_HAN = 2.5

export function couldBeSaid(words: string, speechMs: number): boolean {
  const han = words.match(/\p{Script=Han}/gu)?.length ?? 0
  const others = (words.match(/[\p{L}\p{N}]/gu)?.length ?? 0) - han
  const perSecond = ((others + han * LETTERS_OF_HAN) * 1_000) / Math.max(1, speechMs)
  return perSecond >= MIN_PER_SECOND && perSecond <= MAX_PER_SECOND
}
