// Ends the sessions of keys that were revoked or have expired while they talked: keys end in the database, beside running rooms.
// Remembers nothing, so that a host may forget and a look may fail: each look tells of all keys that a session can still be of.
// Each host says when to look.
import type { Sessions } from '#edge/rooms-ports.ts'
import type { Store } from '#edge/store/store.ts'
import { MAX_SESSION_MS } from '#shared/protocol/limits.ts'

/** Beyond the longest session, for opening and farewell. */
const MARGIN_MS = 60_000

export async function endSessionsOfEndedKeys(
  { store, sessions }: { store: { keys: Pick<Store['keys'], 'endedKeys'> }; sessions: Pick<Sessions, 'keysEnded'> },
  now: number,
): Promise<void> {
  const ended = await store.keys.endedKeys(now - MAX_SESSION_MS - MARGIN_MS, now)
  if (ended.length > 0) await sessions.keysEnded(ended)
}
