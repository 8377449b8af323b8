// What the responder can be asked, as data: how it is said, and what is answered. The tables are intents-en.ts and intents-zh.ts.
// Chooses the intent of an utterance; knows no conversation and fills no slots.
import { distance } from './words.ts'

export interface Intent {
  id: string
  /** Tried in the order of the table against normalised words. Named groups are slots of the replies. */
  patterns: RegExp[]
  /** How it is usually said. Compared loosely, since a recogniser mishears a word here and there. */
  phrases?: string[]
  /** `{slot}` stands for what slots.ts finds. One reply is chosen by the length of the conversation. */
  replies: string[]
  /** The replies where a slot is empty. */
  otherwise?: string[]
}

export interface IntentMatch {
  intent: Intent
  groups: Record<string, string>
}

/** Letters that may be misheard, as a share of the phrase: two in "what is your name". */
const MAX_MISHEARD = 0.2
/** Shorter phrases are one edit away from everything. */
const MIN_LOOSE_CHARS = 5
/** Longer utterances are not compared: no phrase is so long, and the comparison is quadratic. */
const MAX_LOOSE_CHARS = 60

/** The first intent with a pattern that fits, else the one with the closest phrase, else none. */
export function matchIntent(intents: readonly Intent[], words: string): IntentMatch | undefined {
  for (const intent of intents) {
    for (const pattern of intent.patterns) {
      const found = pattern.exec(words)
      if (found) return { intent, groups: { ...found.groups } }
    }
  }
  const closest = closestIntent(intents, words)
  return closest && { intent: closest, groups: {} }
}

function closestIntent(intents: readonly Intent[], words: string): Intent | undefined {
  if (words.length > MAX_LOOSE_CHARS) return undefined
  let best: Intent | undefined
  let least = MAX_MISHEARD
  for (const intent of intents) {
    for (const phrase of intent.phrases ?? []) {
      const share = distance(withoutArticles(words), withoutArticles(phrase)) / phrase.length
      if (phrase.length < MIN_LOOSE_CHARS || share > least) continue
      least = share
      best = intent
    }
  }
  return best
}

/** The shortest words are misheard most. */
const withoutArticles = (words: string): string => words.replace(/\b(?:an?|the) /g, '')
