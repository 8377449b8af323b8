// What the responder knows of a conversation: the messages of the prompt, and what can be read out of them.
// Keeps nothing between two prompts. Used by responder.ts and slots.ts.
import type { Language, PromptMessage } from '#gpu-node/engines/ports.ts'
import { hasChinese, normalise } from './words.ts'

export interface Conversation {
  language: Language
  /** The utterance to answer, as it was said. */
  utterance: string
  /** The same, as the intent tables expect it. */
  words: string
  /** Earlier utterances, oldest first. */
  earlier: string[]
  /** What was heard of the last reply. */
  lastReply?: string
  /** Told in this utterance or an earlier one; the latest counts. */
  name?: string
  persona?: string
}

export function readConversation(messages: readonly PromptMessage[], language: Language): Conversation {
  const said = (role: PromptMessage['role']): string[] =>
    messages.filter((message) => message.role === role).map((message) => message.content.trim())
  const utterances = said('user')
  const utterance = utterances.at(-1) ?? ''
  const spoken = hasChinese(utterance) ? 'zh' : language
  return {
    language: spoken,
    utterance,
    words: normalise(utterance, spoken),
    earlier: utterances.slice(0, -1),
    lastReply: said('assistant').at(-1),
    name: utterances.map(toldName).findLast((name) => name !== undefined),
    persona: personaName(said('system').join('\n')),
  }
}

/** Words that end a name where no punctuation does: "my name is anna and i am eight". */
const NAME_EN =
  /\b(?:my name is|call me|i am called|people call me) (?!what\b|not\b|later\b|back\b|a\b|when\b)(?<name>[\p{L}'-]+)(?<more> (?!and\b|what\b|who\b|how\b|i\b|can\b|tell\b|nice\b|hello\b|but\b|so\b|do\b)[\p{L}'-]+$)?/u
const NAME_ZH = /我(?:叫做?|的名字[是叫]|名叫)(?!什么|啥)(?<name>[\p{L}·]{1,8}?)(?= |你|很|吗|呢|吧|今年|$)/u

/** The name that an utterance tells. */
export function toldName(utterance: string): string | undefined {
  if (hasChinese(utterance)) return NAME_ZH.exec(normalise(utterance, 'zh'))?.groups?.name
  const found = NAME_EN.exec(normalise(utterance, 'en'))?.groups
  return found?.name && capitalise(found.name + (found.more ?? ''))
}

// Recognisers write no capitals.
const capitalise = (name: string): string => name.replace(/(?<=^|[ -])\p{L}/gu, (letter) => letter.toUpperCase())

const PERSONA_EN = /\b(?:[Yy]ou are|[Yy]our name is|[Nn]amed|[Cc]alled)\s+["“]?(?<name>\p{Lu}[\p{L}\p{N}'-]*)/u
const PERSONA_ZH =
  /你(?:是|叫做?|的名字[是叫]|名叫)\s*[「“"]?(?!一?[个位名])(?<name>\p{Script=Han}{1,4}|[A-Za-z][\w-]*)(?=[」”"，,。.、；;！!\s]|$)/u

const personaName = (instructions: string): string | undefined =>
  (PERSONA_EN.exec(instructions) ?? PERSONA_ZH.exec(instructions))?.groups?.name
