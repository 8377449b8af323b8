// Where a client dials and what it shows there: with a ticket for a new session, with a resume token for a lost one.
// Browsers cannot set headers, so secrets ride as subprotocols (protocol/version.ts).
import { faultOf, type FaultCode } from '#shared/fault.ts'
import type { SessionId } from '#shared/ids.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import { CHAT_PROTOCOL, RESUME_PREFIX, TICKET_PREFIX } from '#shared/protocol/version.ts'

export interface DialAddress {
  url: string
  protocols: string[]
}

/** Asks for credentials. The fault's code says that they are refused for good; undefined that a later try may succeed. */
export async function startAddress(edge: {
  url: string
  credentials?: () => Promise<{ ticket?: string }>
}): Promise<Result<DialAddress, FaultCode | undefined>> {
  try {
    const ticket = (await edge.credentials?.())?.ticket
    const protocols = ticket === undefined ? [CHAT_PROTOCOL] : [CHAT_PROTOCOL, TICKET_PREFIX + ticket]
    return ok({ url: chatUrl(edge.url), protocols })
  } catch (error) {
    const { code } = faultOf(error)
    // Most often the network is down; but a key that is not taken will never be.
    return fail(code === 'unauthenticated' || code === 'forbidden' ? code : undefined)
  }
}

/** `received`: the highest number that has come from the far end. */
export function resumeAddress(
  edgeUrl: string,
  lost: { sessionId: SessionId; resumeToken: string },
  received: number,
): Result<DialAddress, undefined> {
  const url = `${chatUrl(edgeUrl)}?session=${lost.sessionId}&received=${received}`
  return ok({ url, protocols: [CHAT_PROTOCOL, RESUME_PREFIX + lost.resumeToken] })
}

const chatUrl = (edgeUrl: string): string => `${edgeUrl.replace(/\/$/, '')}/ws/chat`
