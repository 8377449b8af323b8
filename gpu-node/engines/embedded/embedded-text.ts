// Text for the embedded voices in parts of bounded length, cut where a reader would pause. Pure.
import { FaultError } from '#shared/fault.ts'

/** Characters of one synthesize() call. A piece is a clause or a sentence; a whole reply at once is far below this. */
export const MAX_TEXT_CHARS = 4_000
/** Characters of one part. A part cannot be stopped while it is made, so this bounds how long an abort may hold a worker. */
const MAX_PART_CHARS = 240
/** A part is cut at a sentence or clause only if that leaves it at least this long. */
const MIN_PART_CHARS = 80

/** Throws FaultError too_large. `clean` makes the text one that the engine can say. */
export function boundedParts(text: string, clean: (text: string) => string): string[] {
  if (text.length > MAX_TEXT_CHARS) {
    const facts = { max: MAX_TEXT_CHARS, got: text.length, unit: 'characters' }
    throw new FaultError({ code: 'too_large', limit: 'text to speak', ...facts })
  }
  const parts: string[] = []
  let rest = clean(text).replace(/\s+/g, ' ').trim()
  while (rest.length > MAX_PART_CHARS) {
    const at = cutAt(rest.slice(0, MAX_PART_CHARS))
    parts.push(rest.slice(0, at).trim())
    rest = rest.slice(at).trim()
  }
  parts.push(rest)
  return parts.filter((part) => /[\p{L}\p{N}]/u.test(part))
}

/** After the last sentence, else the last clause, else the last word, else anywhere but inside a character. */
function cutAt(head: string): number {
  for (const border of [/[.!?](?= )|[。！？]/g, /[,;:](?= )|[，；：、]/g, / /g]) {
    const last = [...head.matchAll(border)].at(-1)
    if (last && last.index >= MIN_PART_CHARS) return last.index + 1
  }
  return /[\uD800-\uDBFF]$/.test(head) ? head.length - 1 : head.length
}
