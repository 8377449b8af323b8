// What the page asks of the edge over HTTP: signing in, tickets, the conversation so far, voices. The cookie rides along by itself.
// A refusal becomes a FaultError with the edge's code, or, for voices, an Error with the edge's words. Without a network the error is
// the browser's own.
import { FaultError, type Fault } from '#shared/fault.ts'
import type { VoiceProfileId } from '#shared/ids.ts'
import type { Conversation } from '#shared/model/conversation.ts'
import type { Language } from '#shared/model/language.ts'
import type { Persona } from '#shared/model/persona.ts'
import type { VoiceProfile } from '#shared/model/voice-profile.ts'

/** Used where the edge does not say how long to wait. */
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

// --- voices of the caller's own ---

export interface NewVoice {
  file: File
  name: string
  language: Language
  consent: string
}

/** Undefined where this caller may have none. */
export async function fetchVoices(): Promise<VoiceProfile[] | undefined> {
  const answer = await fetch('/api/voice-profiles')
  if (answer.status === 403) return undefined
  return ((await accepted(answer)) as { voiceProfiles: VoiceProfile[] }).voiceProfiles
}

/** False where the caller already has this recording. That voice stays as it is. */
export async function uploadVoice(made: NewVoice): Promise<boolean> {
  const body = new FormData()
  for (const name of ['name', 'language', 'consent', 'file'] as const) body.append(name, made[name])
  const answer = await fetch('/api/voice-profiles', { method: 'POST', body })
  await accepted(answer)
  return answer.status === 201
}

/** Resolves when the voice is ready, rejected or gone, and after `waitMs` in any case. */
export async function waitForVoice(id: VoiceProfileId, waitMs: number): Promise<void> {
  const answer = await fetch(`/api/voice-profiles/${id}?waitMs=${waitMs}`)
  if (answer.status !== 404) await accepted(answer)
}

export async function deleteVoice(id: VoiceProfileId): Promise<void> {
  const answer = await fetch(`/api/voice-profiles/${id}`, { method: 'DELETE' })
  if (answer.status !== 404) await accepted(answer)
}

/** A WAV. Its header does not say how long it is. */
export async function previewVoice(id: VoiceProfileId, text: string): Promise<Uint8Array> {
  const answer = await post(`/api/voice-profiles/${id}/preview`, { text })
  if (!answer.ok) await accepted(answer)
  return new Uint8Array(await answer.arrayBuffer())
}

/** Throws an Error with the edge's own words: which field, and what is allowed (RFC 9457). */
async function accepted(answer: Response): Promise<unknown> {
  if (answer.ok) return answer.status === 204 ? undefined : answer.json()
  const { title, fault } = (await answer.json().catch(() => ({}))) as Partial<Problem>
  const words = fault?.issues?.join('; ') ?? title
  throw words === undefined ? refusalOf(answer) : new Error(words)
}

interface Problem {
  title: string
  fault: { issues?: string[] }
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
