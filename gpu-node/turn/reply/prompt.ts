// The messages for the LLM: who speaks, what was said and HEARD so far, and the utterance to answer. Used when a reply
// starts. Pure; knows no engine and no stream.
import type { Language, Script } from '#shared/model/language.ts'
import type { Persona } from '#shared/model/persona.ts'
import type { PastTurn } from '#shared/model/turn.ts'
import { estimateTokens, MAX_PROMPT_TOKENS } from '#shared/prompt-tokens.ts'
import type { PromptMessage } from '#gpu-node/engines/ports.ts'
import { FENCE, fenced } from './fence.ts'

/** What the roles and separators of one message cost in common chat templates. */
const MESSAGE_TOKENS = 4

/** A turn of the past; `isCutShort` when its reply was not heard to the end. */
export interface HeardTurn extends PastTurn {
  isCutShort?: boolean
}

export interface PromptOptions {
  persona: Persona
  language: Language
  /** Oldest first. */
  history: readonly HeardTurn[]
  utterance: string
  maxTokens?: number
}

export function buildPrompt({ persona, language, history, utterance, maxTokens }: PromptOptions): PromptMessage[] {
  const system: PromptMessage = { role: 'system', content: systemText(persona, language) }
  const current: PromptMessage = { role: 'user', content: fenced(utterance) }
  let left = (maxTokens ?? MAX_PROMPT_TOKENS) - costOf(system) - costOf(current)
  const kept: HeardTurn[] = []
  // From the newest back: the first turn that does not fit ends it, so that the history has no hole.
  for (const turn of history.toReversed()) {
    left -= messagesOf(turn).reduce((sum, message) => sum + costOf(message), 0)
    if (left < 0) break
    kept.unshift(turn)
  }
  return [system, ...joinNeighbours([...kept.flatMap(messagesOf), current])]
}

export const promptTokens = (messages: readonly PromptMessage[]): number =>
  messages.reduce((sum, message) => sum + costOf(message), 0)

const costOf = (message: PromptMessage): number => estimateTokens(message.content) + MESSAGE_TOKENS

/** The dots tell the model that it was cut short, and that the rest was never heard. */
function messagesOf(turn: HeardTurn): PromptMessage[] {
  const heard = turn.isCutShort && turn.heardText !== '' ? `${turn.heardText.trimEnd()}…` : turn.heardText
  const user: PromptMessage[] = turn.utteranceText === '' ? [] : [{ role: 'user', content: fenced(turn.utteranceText) }]
  return heard === '' ? user : [...user, { role: 'assistant', content: heard }]
}

/** Two utterances without a heard reply between become one message: many chat templates insist on alternating roles. */
function joinNeighbours(messages: PromptMessage[]): PromptMessage[] {
  const joined: PromptMessage[] = []
  for (const message of messages) {
    const last = joined.at(-1)
    if (last?.role === message.role) last.content = `${last.content}\n${message.content}`
    else joined.push({ ...message })
  }
  return joined
}

const LANGUAGE_NAMES: Record<Language, string> = { en: 'English', zh: 'Mandarin Chinese (中文)' }
const SCRIPT_NAMES: Record<Script, string> = {
  hant: 'Mandarin Chinese, written in Traditional characters (繁體中文)',
  hans: 'Mandarin Chinese, written in Simplified characters (简体中文)',
}

const languageName = (language: Language, script: Script | null): string =>
  language === 'zh' && script !== null ? SCRIPT_NAMES[script] : LANGUAGE_NAMES[language]

function systemText(persona: Persona, language: Language): string {
  return [
    `You are ${persona.name}.`,
    persona.instructions.trim(),
    `You are in a voice call. Answer in ${languageName(language, persona.script)}. What you write is spoken aloud: answer in one to three`,
    'short sentences of plain words, without markup, lists, emoji or stage directions. An earlier answer of yours that',
    'ends in "…" was interrupted there; the caller did not hear more of it.',
    FENCE,
  ]
    .filter((line) => line !== '')
    .join('\n')
}
