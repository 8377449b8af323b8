// What flite is given to say: plain ASCII, in parts of bounded length. Pure; used by flite-tts.ts.
import { FaultError } from '#shared/fault.ts'

/** Characters of one synthesize() call. A piece is a clause or a sentence; a whole reply at once is far below this. */
export const MAX_TEXT_CHARS = 4_000
/** Characters of one job. A job cannot be stopped once it runs, so it bounds how long an abort may hold a worker. */
const MAX_PART_CHARS = 240
/** A part is cut at a sentence or clause only if that leaves it at least this long. */
const MIN_PART_CHARS = 80

/** The text as parts to be spoken one after the other; none where there is nothing to say. */
export function speakableParts(text: string): string[] {
  if (text.length > MAX_TEXT_CHARS) {
    const facts = { max: MAX_TEXT_CHARS, got: text.length, unit: 'characters' }
    throw new FaultError({ code: 'too_large', limit: 'text to speak', ...facts })
  }
  const parts: string[] = []
  let rest = toAscii(text)
  while (rest.length > MAX_PART_CHARS) {
    const at = cutAt(rest.slice(0, MAX_PART_CHARS))
    parts.push(rest.slice(0, at).trim())
    rest = rest.slice(at).trim()
  }
  parts.push(rest)
  return parts.filter((part) => /[a-z0-9]/i.test(part))
}

/** Typographic signs become their plain forms, accents go, and everything else that is not ASCII (emoji, Han) is left out. */
function toAscii(text: string): string {
  return text
    .replace(/[‘’‛′]/g, "'")
    .replace(/[“”„″]/g, '"')
    .replace(/\s*[–—―]\s*/g, ', ')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

/** After the last sentence, else the last clause, else the last word, else anywhere. */
function cutAt(head: string): number {
  for (const border of [/[.!?] /g, /[,;:] /g]) {
    const last = [...head.matchAll(border)].at(-1)
    if (last && last.index >= MIN_PART_CHARS) return last.index + 1
  }
  const space = head.lastIndexOf(' ')
  return space > 0 ? space : head.length
}
