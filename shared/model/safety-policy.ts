// What a persona's filters do: with a caller's text that tries to change its instructions, and with what a reply must not say.
import * as v from 'valibot'
import type { SensitiveKind } from '#shared/safety/decision.ts'

/** block: it is refused in words. flag: it is answered, and counted. */
const InputAction = v.picklist(['block', 'flag', 'off'])

/** mask: a word stands in its place. drop: nothing does. end: the reply ends there. */
export const OutputAction = v.picklist(['mask', 'drop', 'end', 'off'])
export type OutputAction = v.InferOutput<typeof OutputAction>

const action = (usual: OutputAction = 'mask') => v.optional(OutputAction, usual)

/** A key is never half said, and a persona that recites its instructions does not go on. */
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
  /** Whether a reply may name addresses of the web; else `output.url` says what becomes of them. */
  allowUrls: v.optional(v.boolean(), true),
})
export type SafetyPolicy = v.InferOutput<typeof SafetyPolicy>

export const DEFAULT_SAFETY_POLICY: SafetyPolicy = v.parse(SafetyPolicy, {})
