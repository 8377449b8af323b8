// What the caller heard of a reply: the samples that were played, held against where each piece's audio starts.
// Used by the node for its prompt and by the room for a turn that was cut. Knows nothing of sockets or clocks.
import { letterWidth } from './letter-width.ts'

export interface SpokenPiece {
  text: string
  /** First sample of the piece in the reply's audio. */
  startSample: number
  /** The sample after its last one; the start of the next piece when absent. */
  endSample?: number
}

/** Words end at spaces; Chinese, Japanese and Korean characters are words of their own. */
const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}][\p{P}]*\s*|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]+\s*|\s+/gu

/** English at 160 words a minute; a guess that only a reply that ends in the middle of its synthesis needs. */
const MS_PER_LETTER = 65

/** About how long it takes to say this, for a piece whose end is not known. */
export const spokenMs = (text: string): number => letterWidth(text) * MS_PER_LETTER

/** The text up to the last word that was played to its end, by proportion inside a piece. Pieces in order. */
export function heardText(pieces: readonly SpokenPiece[], playedSamples: number): string {
  let heard = ''
  for (const [i, piece] of pieces.entries()) {
    if (playedSamples <= piece.startSample) break
    const end = piece.endSample ?? pieces[i + 1]?.startSample ?? piece.startSample
    if (playedSamples >= end) {
      heard += piece.text
      continue
    }
    return (heard + heardPart(piece.text, (playedSamples - piece.startSample) / (end - piece.startSample))).trimEnd()
  }
  return heard.trimEnd()
}

function heardPart(text: string, share: number): string {
  const words = text.match(WORD) ?? []
  // A word takes time in proportion to its length: the best guess without an engine's own word times.
  const total = text.length
  let length = 0
  for (const word of words) {
    // A hair more, because shares are quotients: 29 of 100 characters are 28.999… of them.
    if (length + word.trimEnd().length > share * total + 1e-9) break
    length += word.length
  }
  return text.slice(0, length)
}
