// Runs texts through the output filter, whole or in bits. For the tests of it.
import { DEFAULT_SAFETY_POLICY, type SafetyPolicy } from '#shared/model/safety-policy.ts'
import { SENSITIVE_KINDS } from '#shared/safety/decision.ts'
import { OutputFilter, type Filtered } from '#shared/safety/output-filter.ts'
import { InstructionIndex } from '#shared/safety/prompt-leak.ts'
import { readWordList } from '#shared/safety/word-list.ts'
import { INSTRUCTIONS, PROFANITY, SENSITIVE } from './sensitive.ts'

export const MASK = '[hidden]'
export const STRICT: SafetyPolicy = {
  ...DEFAULT_SAFETY_POLICY,
  allowUrls: false,
  output: { ...DEFAULT_SAFETY_POLICY.output, privateKey: 'mask', systemPrompt: 'mask' },
}
const instructions = new InstructionIndex(INSTRUCTIONS, (text) => text)
const profanity = readWordList(PROFANITY)

export const filterOf = (policy = STRICT): OutputFilter =>
  new OutputFilter({ policy, instructions, profanity, mask: MASK })

export function run(bits: readonly string[], policy = STRICT): Filtered {
  const filter = filterOf(policy)
  const all = [...bits.map((bit) => filter.push(bit)), filter.flush()]
  return {
    text: all.map(({ text }) => text).join(''),
    decisions: all.flatMap(({ decisions }) => decisions),
    isEnded: all.some(({ isEnded }) => isEnded),
  }
}

export const EXAMPLES = SENSITIVE_KINDS.flatMap((kind) => SENSITIVE[kind].map((text) => [kind, text] as const))
