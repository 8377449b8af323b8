// What a caller may choose during his session.
import * as v from 'valibot'

/**
 * Whose voice the persona speaks with. The caller's own voice is cloned from what he says after this message, only with
 * his consent and only for this session. It is used from the first reply after an utterance of 3 to 12 s.
 */
export const VoiceChoice = v.variant('source', [
  v.object({ source: v.literal('persona') }),
  v.object({ source: v.literal('caller'), consent: v.literal(true) }),
])
export type VoiceChoice = v.InferOutput<typeof VoiceChoice>
