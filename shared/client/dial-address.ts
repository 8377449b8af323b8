// Where a client dials and what it shows there: with a ticket for a new session, with a resume token for a lost one.
// Browsers cannot set headers, so secrets ride as subprotocols (protocol/version.ts).
import { faultOf } from '#shared/fault.ts'
import type { SessionId } from '#shared/ids.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { CHAT_PROTOCOL, RESUME_PREFIX, TICKET_PREFIX } from '#shared/protocol/version.ts'
import type { ClientEvent } from './client-state.ts'

export interface DialAddress {
  url: string
  protocols: string[]
}

/** Asks for credentials; without them there is an event instead of an address. */
export async function startAddress(edge: {
  url: string
  credentials?: () => Promise<{ ticket?: string }>
}): Promise<Result<DialAddress, ClientEvent>> {
  try {
    const ticket = (await edge.credentials?.())?.ticket
    const protocols = ticket === undefined ? [CHAT_PROTOCOL] : [CHAT_PROTOCOL, TICKET_PREFIX + ticket]
    return ok({ url: chatUrl(edge.url), protocols })
  } catch (error) {
    const { code } = faultOf(error)
    // Most often the network is down; but a key that is not taken will never be.
    const isRefused = code === 'unauthenticated' || code === 'forbidden'
    return fail(isRefused ? { type: 'ended', reason: code } : { type: 'closed', code: CLOSE_RESUME })
  }
}

/** `received`: the highest number that has come from the far end. */
export function resumeAddress(
  edgeUrl: string,
  lost: { sessionId: SessionId; resumeToken: string },
  received: number,
): Result<DialAddress, ClientEvent> {
  const url = `${chatUrl(edgeUrl)}?session=${lost.sessionId}&received=${received}`
  return ok({ url, protocols: [CHAT_PROTOCOL, RESUME_PREFIX + lost.resumeToken] })
}

const chatUrl = (edgeUrl: string): string => `${edgeUrl.replace(/\/$/, '')}/ws/chat`
