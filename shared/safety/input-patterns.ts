// The short notation in which injection patterns are written, and how it becomes regular expressions. Pure; knows no family's
// patterns: see input-patterns-*.ts. A pattern is linear in the text: gaps are bounded, and nothing repeated repeats.
import type { Injection } from './decision.ts'

export interface InputPattern {
  family: Injection
  matches: RegExp
}

/** Between two parts of a pattern, within one sentence: some four words. */
const GAP_CHARS = 24
/** Some eight words. */
const LONG_GAP_CHARS = 48

/**
 * A blank may be missing, since words may have been written as one; `~` stands for a few words, `~~` for a few more. Word
 * patterns begin at a word.
 */
export const wordPatterns = (family: Injection, sources: readonly string[]): InputPattern[] =>
  sources.map((source) => ({
    family,
    matches: new RegExp(`(?<![a-z])(?:${expand(source, GAP_CHARS, LONG_GAP_CHARS)})`),
  }))

/** Chinese says as much in a third of the characters. */
export const hanPatterns = (family: Injection, sources: readonly string[]): InputPattern[] =>
  sources.map((source) => ({ family, matches: new RegExp(expand(source, GAP_CHARS / 3, LONG_GAP_CHARS / 3)) }))

/** Of text with its punctuation, as it stands. */
export const notationPatterns = (family: Injection, sources: readonly RegExp[]): InputPattern[] =>
  sources.map((matches) => ({ family, matches }))

/** One of these words. A word may end in what stands in brackets. */
export const oneOf = (...words: string[]): string => `(?:${words.join('|')})`

function expand(source: string, gap: number, longGap: number): string {
  return source.replaceAll('~~', `[^|]{0,${longGap}}`).replaceAll('~', `[^|]{0,${gap}}`).replaceAll(' ', ' ?')
}
