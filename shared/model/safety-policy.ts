// What a persona's filters do: with a caller's text that tries to change its instructions, and with what a reply must
// not say.
import * as v from 'valibot'
import type { SensitiveKind } from '#shared/safety/decision.ts'

/** block: the text is refused with a sentence. flag: it is answered and counted. */
const InputAction = v.picklist(['block', 'flag', 'off'])

/** mask: a word replaces it. drop: it is left out. end: the reply ends there. */
export const OutputAction = v.picklist(['mask', 'drop', 'end', 'off'])
export type OutputAction = v.InferOutput<typeof OutputAction>

const action = (usual: OutputAction = 'mask') => v.optional(OutputAction, usual)

/** A key is never said in part, and a persona that recites its instructions stops. */
const OutputActions = v.object({
  email: action(),
  phone: action(),
  taiwanId: action(),
  mainlandId: action(),
  card: action(),
  token: action(),
  privateKey: action('end'),
  localAddress: action(),
  systemPrompt: action('end'),
  profanity: action(),
  url: action(),
} satisfies Record<SensitiveKind, unknown>)

export const SafetyPolicy = v.object({
  input: v.optional(InputAction, 'block'),
  output: v.optional(OutputActions, {}),
  /** Whether a reply may contain web addresses; if not, `output.url` decides. */
  allowUrls: v.optional(v.boolean(), true),
})
export type SafetyPolicy = v.InferOutput<typeof SafetyPolicy>

export const DEFAULT_SAFETY_POLICY: SafetyPolicy = v.parse(SafetyPolicy, {})
