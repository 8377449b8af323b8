// Ends the sessions whose key was revoked or has expired: keys end in the database, and rooms are not told. Each host says when
// to look. A look remembers nothing of the one before: it names all keys that ended since the oldest live session can have begun.
import type { Sessions } from '#edge/rooms-ports.ts'
import type { Store } from '#edge/store/store.ts'
import { MAX_SESSION_MS } from '#shared/protocol/limits.ts'

/** Opening and farewell last this much longer than the longest session. */
const MARGIN_MS = 60_000

export async function endSessionsOfEndedKeys(
  { store, sessions }: { store: { keys: Pick<Store['keys'], 'endedKeys'> }; sessions: Pick<Sessions, 'keysEnded'> },
  now: number,
): Promise<void> {
  const ended = await store.keys.endedKeys(now - MAX_SESSION_MS - MARGIN_MS, now)
  if (ended.length > 0) await sessions.keysEnded(ended)
}
