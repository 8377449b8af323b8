// The part of a WebSocket that our dialling ends use. The browser's WebSocket and that of `ws` both fit.

export interface SocketLike {
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  readonly readyState: number
  readonly bufferedAmount: number
  binaryType: string
  /** The subprotocol that the server chose. */
  readonly protocol: string
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
}

/** WebSocket.OPEN in the WHATWG standard. */
export const SOCKET_OPEN = 1

/** The words of `ws`, browsers and workerd. A socket that is not open *yet* (readyState 0) is a bug of ours, no race. */
const TEARDOWN =
  /WebSocket is not open: readyState [23]|already in CLOSING or CLOSED|closed before the connection|after close|network connection lost/i

/** Whether an error only says that a socket died while it was being used or closed: nobody needs to hear of it. */
export function isTeardownRace(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const code = (error as { code?: unknown }).code
  if (code === 'ECONNRESET' || code === 'EPIPE' || code === 'ERR_STREAM_DESTROYED') return true
  return TEARDOWN.test(error.message)
}
