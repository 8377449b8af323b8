// The few requests of the page to its own edge. The cookie carries who the caller is; it cannot be read from here.
import type { Conversation } from '#shared/model/conversation.ts'

/** The one-time code of the sign-in address; it rides in the fragment, which no server and no log ever sees. */
export function takeSignInCode(): string | undefined {
  const code = new URLSearchParams(location.hash.slice(1)).get('code') ?? undefined
  if (code !== undefined) history.replaceState(null, '', location.pathname)
  return code
}

export async function signIn(code: string): Promise<boolean> {
  return (await post('/api/sign-in', { code })).ok
}

export async function isSignedIn(): Promise<boolean> {
  return (await fetch('/api/me')).ok
}

/** A single-use ticket for one dial of /ws/chat. */
export async function mintTicket(): Promise<string> {
  const answer = await post('/api/tickets', {})
  if (!answer.ok) throw new Error(await messageOf(answer))
  return ((await answer.json()) as { ticket: string }).ticket
}

export async function fetchConversation(id: string): Promise<Conversation | undefined> {
  const answer = await fetch(`/api/conversations/${encodeURIComponent(id)}`)
  return answer.ok ? ((await answer.json()) as Conversation) : undefined
}

function post(path: string, body: unknown): Promise<Response> {
  return fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
}

async function messageOf(answer: Response): Promise<string> {
  const body = (await answer.json().catch(() => ({}))) as { fault?: { message?: string } }
  return body.fault?.message ?? `The edge answered ${answer.status}.`
}
