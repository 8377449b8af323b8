// What makes two requests the same speech. Pure but for the hash. The key is all that a file's name tells: no text, no voice.
import { createHash } from 'node:crypto'
import type { EngineId } from '#shared/model/engine.ts'
import type { TtsMode } from '#shared/protocol/session-messages.ts'
import type { Language } from '#gpu-node/engines/ports.ts'

/** Raised when the sound of the same request changes for a reason that is not in it, such as how silence is cut. */
const FORMAT = 1
/** The ports know one speed. */
const SPEED = 1

export interface Speech {
  voiceHash: string
  engine: EngineId
  mode: TtsMode
  language: Language
  text: string
}

/** The hash of a voice that its id names. A voice profile brings a hash of its own. */
export const voiceHashOf = (voice: string | undefined): string => sha256(`voice ${voice ?? ''}`)

export function keyOf({ voiceHash, engine, mode, language, text }: Speech): string {
  return sha256(JSON.stringify([FORMAT, voiceHash, engine, mode, SPEED, language, text]))
}

export const sha256 = (text: string | Uint8Array): string => createHash('sha256').update(text).digest('hex')
