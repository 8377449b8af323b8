// The values of the {slots} in the responder's replies: what was said before, the time, a sum. Used by responder.ts.
// A slot without a value is undefined; the intent then has another reply.
import type { Language } from '#gpu-node/engines/ports.ts'
import { compute } from './arithmetic.ts'
import type { Conversation } from './conversation.ts'
import { readChineseNumber, readEnglishNumber, sayChineseNumber, sayEnglishNumber } from './numbers.ts'

/** The instant, and where the caller's clock hangs. */
export interface Moment {
  now: number
  timeZone?: string
}

/** Counting further would take over half a minute. */
const MAX_COUNT = 40
const DEFAULT_COUNT = 10
const DEFAULT_PERSONA = 'Parley'
/** The longest utterance that is repeated to the caller, in characters. Longer ones are cut at a word. */
const MAX_QUOTE_CHARS = 120

export type Slots = Record<string, string | undefined>

/** All slots for one utterance; `groups` are those that the pattern itself found. */
export function fillSlots(talk: Conversation, groups: Record<string, string>, moment: Moment): Slots {
  const sum = compute(talk.words, talk.language)
  return {
    ...groups,
    name: talk.name,
    persona: talk.persona ?? DEFAULT_PERSONA,
    utterance: quote(talk.utterance),
    earlier: quote(talk.earlier.at(-1)),
    first: quote(talk.earlier[0]),
    lastReply: talk.lastReply,
    mirrored: groups.thing === undefined ? undefined : mirror(groups.thing, talk.language),
    sum: sum?.said,
    result: sum && sum.value !== null ? spell(sum.value) : undefined,
    counting: countTo(groups.count, talk.language),
    time: timeOf(moment, talk.language),
    date: dateOf(moment, talk.language),
  }
}

/** The reply with its slots filled, or undefined where one has no value. */
export function fill(reply: string, slots: Slots): string | undefined {
  let isFull = true
  const text = reply.replace(/\{(\w+)\}/g, (_, slot: string) => {
    isFull &&= slots[slot] !== undefined
    return slots[slot] ?? ''
  })
  return isFull ? text : undefined
}

function quote(text: string | undefined): string | undefined {
  const bare = text?.replace(/[\s.,!?;。，！？；]+$/u, '')
  if (!bare) return undefined
  return bare.length <= MAX_QUOTE_CHARS ? bare : `${bare.slice(0, MAX_QUOTE_CHARS).replace(/\s+\S*$/, '')} …`
}

/** Sums have at most a few decimals when they are spoken. */
const spell = (value: number): string => String(Number(value.toFixed(3)))

const MIRROR: Record<Language, [pattern: RegExp, words: Record<string, string>]> = {
  en: [
    /\b(?:i am|i|me|my|mine|myself|you|your)\b/g,
    { 'i am': 'you are', i: 'you', me: 'you', my: 'your', mine: 'yours', myself: 'yourself', you: 'me', your: 'my' },
  ],
  zh: [/[我你]/g, { 我: '你', 你: '我' }],
}

/** The caller's words from the persona's side: "my dog" becomes "your dog". */
function mirror(text: string, language: Language): string {
  const [pattern, words] = MIRROR[language]
  return text.replace(pattern, (word) => words[word] ?? word)
}

function countTo(said: string | undefined, language: Language): string {
  const read = language === 'zh' ? readChineseNumber(said ?? '') : readEnglishNumber((said ?? '').split(' '), 0)?.value
  const last = Math.max(1, Math.min(MAX_COUNT, Math.floor(read || DEFAULT_COUNT)))
  const numbers = Array.from({ length: last }, (_, i) => i + 1)
  return language === 'zh' ? numbers.map(sayChineseNumber).join('，') : numbers.map(sayEnglishNumber).join(', ')
}

function timeOf({ now, timeZone }: Moment, language: Language): string {
  if (language === 'zh') {
    const parts = new Intl.DateTimeFormat('zh-CN', { hour: 'numeric', minute: 'numeric', hourCycle: 'h23', timeZone })
    const [hour, minute] = parts.formatToParts(now).filter((part) => part.type === 'hour' || part.type === 'minute')
    return `${Number(hour?.value)}点${Number(minute?.value)}分`
  }
  const format = new Intl.DateTimeFormat('en-US', { hour: 'numeric', minute: '2-digit', timeZone })
  // ICU puts a narrow no-break space before PM, which a synthesizer may not know.
  return format.format(now).replace(/\s/gu, ' ')
}

function dateOf({ now, timeZone }: Moment, language: Language): string {
  const options = { weekday: 'long', year: 'numeric', month: 'long', day: 'numeric', timeZone } as const
  return new Intl.DateTimeFormat(language === 'zh' ? 'zh-CN' : 'en-US', options).format(now)
}
