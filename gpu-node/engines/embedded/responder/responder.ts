// The embedded llm: a rule-based responder, so that the loop talks without a GPU, a download or a key. A demonstration.
// Chosen by engines/choose-engines.ts where no LLM_URL is set. Deterministic; sees the clock through `now` only.
import { setImmediate as nextTurnOfLoop } from 'node:timers/promises'
import { systemClock } from '#shared/clock.ts'
import type { Language, Llm, LlmDelta, LlmOptions, PromptMessage } from '#gpu-node/engines/ports.ts'
import type { Conversation } from './conversation.ts'
import { readConversation } from './conversation.ts'
import type { Intent } from './intent.ts'
import { matchIntent } from './intent.ts'
import { FALLBACK_EN, INTENTS_EN } from './intents-en.ts'
import { FALLBACK_ZH, INTENTS_ZH } from './intents-zh.ts'
import type { Moment } from './slots.ts'
import { fill, fillSlots } from './slots.ts'
import { estimateTokens, tokensOf } from './tokens.ts'

export interface ResponderOptions {
  /** Epoch milliseconds, for "what time is it". */
  now?: () => number
  /** IANA name of the caller's time zone; the machine's without it. */
  timeZone?: string
}

/** What chat templates add to each message: the role and two marks. */
const TOKENS_PER_MESSAGE = 4

const TABLES: Record<Language, { intents: readonly Intent[]; fallback: Intent }> = {
  en: { intents: INTENTS_EN, fallback: FALLBACK_EN },
  zh: { intents: INTENTS_ZH, fallback: FALLBACK_ZH },
}

export function createResponder(options: ResponderOptions = {}): Llm {
  const now = options.now ?? (() => systemClock.now())
  return {
    engine: { role: 'llm', name: 'parley-responder', version: '1', demonstration: true },
    complete: (request) => stream(request, { now: now(), timeZone: options.timeZone }),
    close: async () => {},
  }
}

async function* stream(request: LlmOptions, moment: Moment): AsyncGenerator<LlmDelta> {
  request.signal.throwIfAborted()
  const tokens = tokensOf(respond(request.messages, request.language, moment)).slice(0, request.maxTokens)
  for (const text of tokens) {
    yield { type: 'text', text }
    // A barge-in is an event of the loop: without this all tokens would be out before it is heard.
    await nextTurnOfLoop()
    request.signal.throwIfAborted()
  }
  yield { type: 'usage', promptTokens: countPrompt(request.messages), completionTokens: tokens.length }
}

const countPrompt = (messages: readonly PromptMessage[]): number =>
  messages.reduce((sum, message) => sum + TOKENS_PER_MESSAGE + estimateTokens(message.content), 0)

/** The whole reply to the last utterance of the prompt. */
export function respond(messages: readonly PromptMessage[], language: Language, moment: Moment): string {
  const talk = readConversation(messages, language)
  const { intents, fallback } = TABLES[talk.language]
  const { intent, groups } = matchIntent(intents, talk.words) ?? { intent: fallback, groups: {} }
  const slots = fillSlots(talk, groups, moment)
  const full = (replies: readonly string[]): string[] =>
    replies.map((reply) => fill(reply, slots)).filter((reply) => reply !== undefined)
  return choose(full(intent.replies), talk) ?? choose(full(intent.otherwise ?? []), talk) ?? ''
}

/** Varies with the length of the conversation, and so is the same for the same prompt. */
const choose = (replies: readonly string[], talk: Conversation): string | undefined =>
  replies[talk.earlier.length % Math.max(1, replies.length)]
