// Says goaway to both ends of a session, each on its own wire. Used by session-room.ts.
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import type { EdgeSessionMessage } from '#shared/protocol/session-messages.ts'
import type { ClientCodec } from './client-codec.ts'
import type { Peer } from './peer.ts'

interface Leaving {
  codec: ClientCodec
  retryAfterMs: number
  /** Whether both sockets are closed: what is on its way to them is sent again after the resume. */
  closes: boolean
}

export function sendAway(
  { caller, node }: { caller: Peer | undefined; node: Peer | undefined },
  { codec, retryAfterMs, closes }: Leaving,
): void {
  caller?.send(codec.write({ type: 'goaway', retryAfterMs }))
  node?.send(JSON.stringify({ type: 'goaway', retryAfterMs } satisfies EdgeSessionMessage))
  if (closes) for (const peer of [caller, node]) peer?.close(CLOSE_RESUME, 'goaway')
}
