// Where the next page of a list begins, as one opaque text: a time, and what tells apart those of the same time. Knows no list.
import * as v from 'valibot'
import { ID_PATTERNS, type ConversationId } from '#shared/ids.ts'

export const cursorOf = (at: number, then: string | number): string => `${at}.${then}`

const NOT_OURS = 'expected the nextCursor of a page'
const MEANING = 'The `nextCursor` of the page before'

/** A page of conversations: the time of the last change and the id of the last one shown. */
export const ConversationCursor = v.optional(
  v.pipe(
    v.string(),
    v.regex(new RegExp(String.raw`^\d{1,15}\.${ID_PATTERNS.conversation.source.slice(1)}`), NOT_OURS),
    v.description(MEANING),
    v.transform((text) => {
      const [at = '', id = ''] = text.split('.')
      return [Number(at), id as ConversationId] as const
    }),
  ),
)

/** A page of turns: the start and the ordinal of the first one shown. */
export const TurnCursor = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{1,15}\.\d{1,5}$/, NOT_OURS),
    v.description(MEANING),
    v.transform((text) => {
      const [at = '', turn = ''] = text.split('.')
      return [Number(at), Number(turn)] as const
    }),
  ),
)
