// What the page asks of the edge over HTTP: signing in, tickets, the conversation so far. The cookie rides along by itself.
// A refusal becomes a FaultError with the code that the edge told; no network at all stays the browser's own error.
import { FaultError, type Fault } from '#shared/fault.ts'
import type { Conversation } from '#shared/model/conversation.ts'
import type { Persona } from '#shared/model/persona.ts'

/** Where the edge does not say how long to wait. */
const DEFAULT_RETRY_MS = 2_000

/** The one-time code of the sign-in address; it rides in the fragment, which no server and no log ever sees. */
export function takeSignInCode(): string | undefined {
  const code = new URLSearchParams(location.hash.slice(1)).get('code') ?? undefined
  if (code !== undefined) history.replaceState(null, '', location.pathname)
  return code
}

/** Trades the code for the cookie; false where the code is used up, too old or unknown. */
export async function signIn(code: string): Promise<boolean> {
  return isAccepted(await post('/api/sign-in', { code }))
}

export async function isSignedIn(): Promise<boolean> {
  return isAccepted(await fetch('/api/me'))
}

/** A single-use ticket for one dial of /ws/chat. */
export async function mintTicket(): Promise<string> {
  const answer = await post('/api/tickets', {})
  if (!answer.ok) throw refusalOf(answer)
  return ((await answer.json()) as { ticket: string }).ticket
}

export type ListedPersona = Pick<Persona, 'id' | 'name' | 'language'>

export async function fetchPersonas(): Promise<ListedPersona[]> {
  const answer = await fetch('/api/personas')
  if (!answer.ok) throw refusalOf(answer)
  return ((await answer.json()) as { personas: ListedPersona[] }).personas
}

/** Undefined where there is no such conversation (any more). */
export async function fetchConversation(id: string): Promise<Conversation | undefined> {
  const answer = await fetch(`/api/conversations/${encodeURIComponent(id)}`)
  if (answer.status === 404) return undefined
  if (!answer.ok) throw refusalOf(answer)
  return (await answer.json()) as Conversation
}

function post(path: string, body: unknown): Promise<Response> {
  return fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
}

function isAccepted(answer: Response): boolean {
  if (answer.ok) return true
  if (answer.status === 401 || answer.status === 403) return false
  throw refusalOf(answer)
}

function refusalOf(answer: Response): FaultError {
  const retryAfterMs = Number(answer.headers.get('retry-after')) * 1000 || DEFAULT_RETRY_MS
  const byStatus: Partial<Record<number, Fault>> = {
    401: { code: 'unauthenticated' },
    403: { code: 'forbidden', action: 'talk' },
    429: { code: 'rate_limited', retryAfterMs },
  }
  return new FaultError(byStatus[answer.status] ?? { code: 'unavailable', what: 'the edge', retryAfterMs })
}
