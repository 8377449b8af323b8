// A caller's WebSocket on Node: carries the key in a header, and turns a refused upgrade into the close code of its fault.
import { WebSocket } from 'ws'
import type { SocketLike } from '#shared/link/socket.ts'
import { MAX_SOCKET_MESSAGE_BYTES } from '#shared/protocol/limits.ts'

/** Close codes of faults are 4000 + their HTTP status (shared/fault-table.ts). */
const CLOSE_OF_HTTP = 4_000

export function openCallerSocket(url: string, protocols: string[], key: string): SocketLike {
  const socket = new WebSocket(url, protocols, {
    headers: { authorization: `Bearer ${key}` },
    perMessageDeflate: false,
    maxPayload: MAX_SOCKET_MESSAGE_BYTES,
  })
  socket.on('unexpected-response', (request, response) => {
    const onclose = socket.onclose as ((event: { code: number }) => void) | null
    socket.onclose = null
    request.destroy()
    onclose?.({ code: CLOSE_OF_HTTP + (response.statusCode ?? 0) })
  })
  return socket as SocketLike
}
