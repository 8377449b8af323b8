// The filters of one session, as its persona wants them: which of the caller's texts may come into a prompt, and what of a reply may
// be said. Made by the runner; asked by ledger, replies and the runner itself. Knows no engine and sends nothing.
import type { Fault } from '#shared/fault.ts'
import type { Language } from '#shared/model/language.ts'
import type { Persona } from '#shared/model/persona.ts'
import { DEFAULT_SAFETY_POLICY, type SafetyPolicy } from '#shared/model/safety-policy.ts'
import type { SafetyDecision } from '#shared/safety/decision.ts'
import { findInjection } from '#shared/safety/input-filter.ts'
import { findMarkup } from '#shared/safety/markup-filter.ts'
import { OutputFilter } from '#shared/safety/output-filter.ts'
import { InstructionIndex } from '#shared/safety/prompt-leak.ts'
import type { WordList } from '#shared/safety/word-list.ts'
import { simplified } from '#gpu-node/turn/hearing/script.ts'

/** What is said in place of an answer. Only characters that both Chinese scripts share where possible; the rest is converted. */
const REFUSALS: Record<Language, string> = {
  en: 'Sorry, I cannot do that. Let us talk about something else.',
  zh: '抱歉，这件事我不能做，我们聊聊别的吧。',
}
/** What ends a reply that must not go on. */
const ENDINGS: Record<Language, string> = {
  en: ' I am sorry, I cannot say more about that.',
  zh: '抱歉，这个我不能再说了。',
}
/** Spoken, too: it is a word and no sign. */
const MASKS: Record<Language, string> = { en: '[hidden]', zh: '[已隐藏]' }

/** How one attempt at a reply is guarded. */
export interface ReplyGuard {
  /** A fresh one for each time that the LLM is asked. */
  createFilter(): OutputFilter
  /** Said after a reply that the filter ended. */
  ending: string
  /** What was decided of the utterance; undefined for nothing. */
  decision: SafetyDecision | undefined
  /** Said in place of an answer, where the utterance is blocked. */
  refusal: { text: string; fault: Fault } | undefined
}

/** The caller is told less: see publicFault(). */
export const blocked = ({ layer, family }: SafetyDecision): Fault => ({
  code: 'blocked',
  policy: `${layer} ${family}`,
})

export class Guard {
  readonly #policy: SafetyPolicy
  readonly #instructions: InstructionIndex
  readonly #profanity: WordList | undefined

  constructor(persona: Persona, profanity: WordList | undefined) {
    this.#policy = persona.safety ?? DEFAULT_SAFETY_POLICY
    this.#instructions = new InstructionIndex(persona.instructions, simplified)
    this.#profanity = profanity
  }

  /** What the input filter has to say of a text; undefined where it has nothing. */
  judge(text: string): SafetyDecision | undefined {
    const { input } = this.#policy
    if (input === 'off') return undefined
    const action = input
    const injection = findInjection(text)
    if (injection) return { layer: 'input', family: injection, action }
    const markup = findMarkup(text)
    return markup && { layer: 'markup', family: markup, action }
  }

  isBlocked(text: string): boolean {
    return this.judge(text)?.action === 'block'
  }

  forReply(utterance: string, language: Language): ReplyGuard {
    const [policy, instructions, profanity] = [this.#policy, this.#instructions, this.#profanity]
    const decision = this.judge(utterance)
    return {
      createFilter: () => new OutputFilter({ policy, instructions, profanity, mask: MASKS[language] }),
      ending: ENDINGS[language],
      decision,
      refusal: decision?.action === 'block' ? { text: REFUSALS[language], fault: blocked(decision) } : undefined,
    }
  }
}
