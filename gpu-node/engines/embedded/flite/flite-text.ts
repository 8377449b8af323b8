// What flite is given to say: plain ASCII, in parts of bounded length. Pure; used by flite-tts.ts.
import { boundedParts } from '#gpu-node/engines/embedded/embedded-text.ts'

/** The text as parts to be spoken one after the other; none where there is nothing to say. */
export const speakableParts = (text: string): string[] => boundedParts(text, toAscii)

/** Typographic signs become their plain forms, accents go, and everything else that is not ASCII (emoji, Han) is left out. */
function toAscii(text: string): string {
  return text
    .replace(/[‘’‛′]/g, "'")
    .replace(/[“”„″]/g, '"')
    .replace(/\s*[–—―]\s*/g, ', ')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]+/g, ' ')
}
