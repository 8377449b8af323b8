// The wires' names. Each is the WebSocket subprotocol of its address; an unknown one is refused before anything is read.

import { commaList } from '#shared/comma-list.ts'

export const CHAT_PROTOCOL = 'parley.chat.v1'
export const NODE_PROTOCOL = 'parley.node.v1'
export const SESSION_PROTOCOL = 'parley.session.v1'

/** Where the caller's wire is. */
export const CHAT_PATH = '/ws/chat'
/** Where a caller resumes: the session is named before anything is read. `&received=` follows, the highest number that he has. */
export const resumeUrlOf = (sessionId: string): string => `${CHAT_PATH}?session=${encodeURIComponent(sessionId)}`

const SPOKEN = [CHAT_PROTOCOL, NODE_PROTOCOL, SESSION_PROTOCOL]

/** Of the names that a peer offers, in its order, the first that is spoken here: what the server answers with. */
export const chosenProtocol = (offered: string[]): string | undefined => offered.find((name) => SPOKEN.includes(name))

/** Secrets ride as further subprotocols, because browsers cannot set headers (RFC 6455 §4.1); the server never echoes them. */
export const TICKET_PREFIX = 'parley.ticket.'
export const RESUME_PREFIX = 'parley.resume.'

/** The parts of a Sec-WebSocket-Protocol header. */
export interface OfferedProtocols {
  protocols: string[]
  ticket: string | undefined
  resumeToken: string | undefined
}

/** Splits a Sec-WebSocket-Protocol header (RFC 6455 §11.3.4) into names and secrets. */
export function readOfferedProtocols(header: string | null | undefined): OfferedProtocols {
  const all = commaList(header ?? '')
  return {
    protocols: all.filter((part) => !part.startsWith(TICKET_PREFIX) && !part.startsWith(RESUME_PREFIX)),
    ticket: all.find((part) => part.startsWith(TICKET_PREFIX))?.slice(TICKET_PREFIX.length),
    resumeToken: all.find((part) => part.startsWith(RESUME_PREFIX))?.slice(RESUME_PREFIX.length),
  }
}
