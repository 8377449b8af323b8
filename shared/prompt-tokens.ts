// How many tokens a text has, as far as can be told without the model's tokeniser, and how many a prompt may have. The
// node builds prompts by it; the edge bounds what becomes part of every prompt. Pure.
import { countCharacters } from './letter-width.ts'

/**
 * Tokens of the whole prompt. Small models serve 4,096; the reply (MAX_REPLY_TOKENS) and the estimate's error fit
 * beside.
 */
export const MAX_PROMPT_TOKENS = 3_000

/** Letters of one token, for scripts other than Chinese, in common tokenisers. */
const CHARS_PER_TOKEN = 4

/** A Chinese character is about one token; of other scripts about four letters are one. */
export function estimateTokens(text: string): number {
  const wide = countCharacters(text)
  return wide + Math.ceil((text.length - wide) / CHARS_PER_TOKEN)
}
