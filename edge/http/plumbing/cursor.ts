// Where the next page of a list begins, as one opaque text: a time, and what tells apart those of the same time. Knows no list.
import { FaultError } from '#shared/fault.ts'
import { isId, type ConversationId } from '#shared/ids.ts'

export const cursorOf = (at: number, then: string | number): string => `${at}.${then}`

/** Undefined without one. Throws FaultError invalid_message for a text that no page has given. */
export function readCursor(text: string | undefined, kind: 'conversation'): [number, ConversationId] | undefined
export function readCursor(text: string | undefined, kind: 'number'): [number, number] | undefined
export function readCursor(text: string | undefined, kind: 'conversation' | 'number') {
  if (text === undefined) return undefined
  const [, at, then = ''] = /^(\d{1,15})\.(\w{1,64})$/.exec(text) ?? []
  const isRight = kind === 'number' ? /^\d{1,5}$/.test(then) : isId('conversation', then)
  if (at === undefined || !isRight)
    throw new FaultError({ code: 'invalid_message', issues: ['cursor: expected the nextCursor of a page'] })
  return [Number(at), kind === 'number' ? Number(then) : then]
}
