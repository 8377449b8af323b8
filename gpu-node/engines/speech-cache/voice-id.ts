// Identifies what a voice's name stands for when its owner has put a recording into a folder: another recording, or other packages of the
// engine, sound otherwise, and what was spoken before is not theirs. Used by create-engine.ts.
import { readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { sha256 } from './cache-key.ts'

/** A recording and its words. */
const KINDS = ['wav', 'txt']

/** For an engine that the node starts: the folder of its voices, and the file of its packages. */
export interface VoiceSource {
  voices?: string | undefined
  requirements: string
}

export function voiceIdOf({ voices, requirements }: VoiceSource): (voice: string) => string {
  const packages = sha256(readFileSync(requirements))
  return (voice) => {
    const files = voices === undefined ? [] : KINDS.map((kind) => stateOf(join(voices, `${voice}.${kind}`)))
    return [voice, packages, ...files].join(' ')
  }
}

/** Called for each spoken piece, so it reads a file's time and length and not its content. */
function stateOf(path: string): string {
  const facts = statSync(path, { throwIfNoEntry: false })
  return facts ? `${facts.mtimeMs}-${facts.size}` : 'none'
}
