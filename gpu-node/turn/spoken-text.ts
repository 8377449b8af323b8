// What of a piece is said aloud: markup, emoji and addresses' syntax are for the eye. Used by the reply pipeline before
// TTS; the caller reads the piece as the model wrote it. Pure.
import { hasWords } from './words.ts'

/** The words of a piece for TTS; empty when there is nothing to say. */
export function spokenText(piece: string): string {
  const text = piece
    .replace(/!?\[([^\]]*)\]\([^)\s]*\)/g, '$1')
    .replace(/^\s{0,3}(?:#{1,6}\s+|>\s?|[-*+]\s+)/gm, '')
    .replace(/```\w*|[`*~]+/g, '')
    .replace(/(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '')
    .replace(/\p{Extended_Pictographic}|\p{Emoji_Modifier}|\p{Regional_Indicator}/gu, '')
    .replace(/\u200D|\uFE0E|\uFE0F|\u20E3/gu, '')
    .replace(/\s*\|\s*/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return hasWords(text) ? text : ''
}
