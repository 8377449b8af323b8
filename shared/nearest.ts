// Guesses which known word was meant by a mistyped one: the word with the fewest changed, missing or added letters.

/** More changes than this are another word. */
const MAX_CHANGES = 3

/** The end of a refusal's message. */
export function hintFor(word: string, known: readonly string[]): string {
  const meant = nearest(word, known)
  return meant === undefined ? `known are ${known.join(', ')}` : `did you mean ${meant}?`
}

function nearest(word: string, known: readonly string[]): string | undefined {
  const ranked = known.map((candidate) => ({ candidate, changes: distance(word, candidate) }))
  const best = ranked.toSorted((one, other) => one.changes - other.changes)[0]
  return best !== undefined && best.changes <= Math.min(MAX_CHANGES, word.length / 2) ? best.candidate : undefined
}

/** Levenshtein's, a row at a time. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      next.push(Math.min(changed, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
