// The conversation of this tab, so that it goes on after a reload, and what was said in it before. Used by call.ts and
// main.tsx. It knows no session.
import { signal } from '@preact/signals'
import { isId, type ConversationId } from '#shared/ids.ts'
import type { Conversation } from '#shared/model/conversation.ts'
import { fetchConversation } from './edge-api.ts'

/** Kept per tab, not per browser: two tabs are two conversations. */
const KEY = 'parley.conversation'

/** The conversation as it is stored. */
export const earlier = signal<Conversation | undefined>(undefined)

export function keptConversation(): ConversationId | undefined {
  const id = sessionStorage.getItem(KEY) ?? ''
  return isId('conversation', id) ? id : undefined
}

export function keepConversation(id: ConversationId): void {
  sessionStorage.setItem(KEY, id)
}

export function forgetConversation(): void {
  sessionStorage.removeItem(KEY)
  earlier.value = undefined
}

/** Reads what was said before; without an answer the page goes on with what it has. */
export async function recall(): Promise<void> {
  const id = keptConversation()
  if (id === undefined) return
  try {
    const found = await fetchConversation(id)
    if (keptConversation() !== id) return
    if (found === undefined) forgetConversation()
    else earlier.value = found
  } catch {
    // The next session.ready asks again.
  }
}
