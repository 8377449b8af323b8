// What of a reply may be said: takes its text as it comes and gives back what is safe to say by now, holding back only what may still
// become something that is not. Used by the reply pipeline before anything is spoken, shown or stored. Pure; knows no engine.
import type { SafetyPolicy } from '#shared/model/safety-policy.ts'
import { SENSITIVE_KINDS, type SafetyDecision, type SensitiveKind } from './decision.ts'
import { PromptLeak, type InstructionIndex } from './prompt-leak.ts'
import { RunStage } from './run-stage.ts'
import { through, type Part, type Stage } from './stage.ts'
import { WordListStage, type WordList } from './word-list.ts'

export interface OutputFilterOptions {
  policy: SafetyPolicy
  /** The persona's, which a reply must not recite. */
  instructions: InstructionIndex | undefined
  profanity: WordList | undefined
  /** The word that stands for what was taken out. */
  mask: string
}

/** What may be said now. After `isEnded` nothing more comes. */
export interface Filtered {
  text: string
  decisions: SafetyDecision[]
  isEnded: boolean
}

export class OutputFilter {
  readonly #options: OutputFilterOptions
  readonly #stages: Stage[]
  #isEnded = false
  /** First half of a character that was cut in two. */
  #half = ''

  constructor(options: OutputFilterOptions) {
    this.#options = options
    const { policy, instructions, profanity } = options
    const kinds = new Set(SENSITIVE_KINDS.filter((kind) => actionOf(policy, kind) !== 'off'))
    this.#stages = [
      ...(kinds.has('systemPrompt') && instructions ? [new PromptLeak(instructions)] : []),
      new RunStage(kinds),
      ...(kinds.has('profanity') && profanity ? [new WordListStage(profanity)] : []),
    ]
  }

  push(text: string): Filtered {
    const whole = this.#half + text
    this.#half = /[\uD800-\uDBFF]$/.exec(whole)?.[0] ?? ''
    const seen = whole.slice(0, whole.length - this.#half.length).replace(UNSEEN, '')
    return this.#act(this.#stages.reduce<Part[]>((parts, stage) => through(stage, parts), seen === '' ? [] : [seen]))
  }

  /** Ends the reply: says what was held back, or drops it. */
  flush(): Filtered {
    let parts: Part[] = this.#half === '' ? [] : [this.#half]
    this.#half = ''
    for (const stage of this.#stages) parts = [...through(stage, parts), ...stage.flush()]
    return this.#act(parts)
  }

  #act(parts: readonly Part[]): Filtered {
    let text = ''
    const decisions: SafetyDecision[] = []
    for (const part of parts) {
      if (this.#isEnded) break
      if (typeof part === 'string') {
        text += part
        continue
      }
      const action = actionOf(this.#options.policy, part.kind)
      if (action === 'off') continue
      decisions.push({ layer: 'output', family: part.kind, action })
      if (action === 'mask') text += this.#options.mask
      this.#isEnded = action === 'end'
    }
    return { text, decisions, isEnded: this.#isEnded }
  }
}

/** Invisible characters: a word with one in it would pass for another. The joiners of emoji are not among them. */
const UNSEEN = /[\u00ad\u200b\u200c\u2060\ufeff]/g

const actionOf = ({ output, allowUrls }: SafetyPolicy, kind: SensitiveKind): SafetyPolicy['output'][SensitiveKind] =>
  kind === 'url' && allowUrls ? 'off' : output[kind]
