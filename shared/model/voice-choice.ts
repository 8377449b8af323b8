// What a caller may choose for the session that he is in.
import * as v from 'valibot'

/**
 * Whose voice the persona speaks with. The caller's own is cloned from what he says after this message, for this session and
 * only with his word that he wants it; it begins with the first reply after an utterance of 3 to 12 s.
 */
export const VoiceChoice = v.variant('source', [
  v.object({ source: v.literal('persona') }),
  v.object({ source: v.literal('caller'), consent: v.literal(true) }),
])
export type VoiceChoice = v.InferOutput<typeof VoiceChoice>
