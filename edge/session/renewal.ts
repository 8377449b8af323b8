// Whether another key or token may take the place of the one behind a session. Pure; called by session-effects.ts.
import type { Caller } from '#shared/model/caller.ts'

/**
 * The same user, who may still talk. Which page the socket came from is not known any more: it was one of the first key's, so each of
 * those must be one of the other's.
 */
export function mayTakeOver(other: Caller, { userId, origins }: Caller): boolean {
  const mayTalk = other.scopes.includes('talk') || other.scopes.includes('admin')
  const isFromHere = other.origins === null || (origins?.every((origin) => other.origins?.includes(origin)) ?? false)
  return other.userId === userId && mayTalk && isFromHere
}
