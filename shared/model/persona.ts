// Who speaks: name, instructions, voice, language and script. Rows in the store, never constants of the code.
import * as v from 'valibot'
import type { PersonaId } from '#shared/ids.ts'
import { MAX_REPLY_TOKENS, MAX_SESSION_MS } from '#shared/protocol/limits.ts'
import { EngineWishes } from './engine.ts'
import { Language, Script } from './language.ts'
import { plainText } from './plain-text.ts'
import { SafetyPolicy } from './safety-policy.ts'
import { PersonaIdSchema } from './ids.ts'

/** Longest instructions of a persona on the wire, in UTF-16 units. */
const MAX_INSTRUCTIONS_CHARS = 8_000
/**
 * Longest instructions that can be saved, by estimateTokens. They are in every prompt (MAX_PROMPT_TOKENS); the rest is
 * for the fixed words, the utterance and what was said before. English reaches it at 8,000 letters, Chinese at 2,000
 * characters.
 */
export const MAX_INSTRUCTIONS_TOKENS = 2_000

const whole = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))
/** Limits of one persona, below those of all sessions and replies. */
export const PersonaLimits = v.strictObject({
  maxSessionMs: v.optional(whole(60_000, MAX_SESSION_MS)),
  maxReplyTokens: v.optional(whole(16, MAX_REPLY_TOKENS)),
})
export type PersonaLimits = v.InferOutput<typeof PersonaLimits>

export const Persona = v.object({
  id: PersonaIdSchema,
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(64), plainText),
  instructions: v.pipe(v.string(), v.maxLength(MAX_INSTRUCTIONS_CHARS), plainText),
  language: Language,
  /** Voice of the TTS engine; its default when null. */
  voice: v.nullable(v.pipe(v.string(), v.maxLength(64))),
  /** The script in which Chinese is shown and stored; null leaves it as it comes. */
  script: v.optional(v.nullable(Script), null),
  limits: v.optional(PersonaLimits),
  /** A session is placed on a node that has all of them, and the node asks them first. */
  engines: v.optional(EngineWishes),
  /** What the filters do; DEFAULT_SAFETY_POLICY where the operator has set none. */
  safety: v.nullish(SafetyPolicy),
})
export type Persona = v.InferOutput<typeof Persona>

export const DEFAULT_PERSONA_ID: PersonaId = 'per_default'
