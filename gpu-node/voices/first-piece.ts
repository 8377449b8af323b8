// The first piece of a text as a voice would say it, and what is left of the text. Pure.
import type { Language, Script } from '#shared/model/language.ts'
import { SpeakableSplitter } from '#gpu-node/turn/spoken/speakable.ts'
import { spokenText } from '#gpu-node/turn/spoken/spoken-text.ts'

/** `spoken` is empty where the piece holds no word. */
export function firstPieceOf(text: string, language: Language, script?: Script): { spoken: string; rest: string } {
  const splitter = new SpeakableSplitter()
  const [piece = text] = [...splitter.push(text), ...splitter.flush()]
  return { spoken: spokenText(piece, language, script ?? null), rest: text.slice(piece.length) }
}
