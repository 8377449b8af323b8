// How the rooms on Workers reach each other, and how the routes reach them: the ports Fleet and Sessions over typed RPC.
// Faults cross as data, because an error loses its class on the way.
import type { Fleet, Sessions } from '#edge/rooms-ports.ts'
import { FaultError } from '#shared/fault.ts'
import type { SessionId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { Bindings } from './bindings.ts'

/** There is one fleet room: placement must see all nodes. */
export const FLEET_NAME = 'fleet'
/** An object that restarts in the middle of a call answers the next call. */
const RETRY_AFTER_MS = 1_000

export function createFleet({ FLEET }: Pick<Bindings, 'FLEET'>): Fleet {
  const fleet = () => FLEET.getByName(FLEET_NAME)
  return {
    nodes: () => reached(fleet().nodes()),
    goAway: (retryAfterMs) => reached(fleet().goAway(retryAfterMs)),
    place: async (offer) => {
      try {
        const placed = await fleet().place(offer)
        if (placed.ok) return placed.value
        throw new FaultError(placed.fault)
      } catch (error) {
        if (error instanceof FaultError) throw error
        // A node may have accepted the offer, and only the answer is lost: its slot is freed.
        await reached(fleet().release(offer.sessionId, 'fault'))
        throw unavailable(error)
      }
    },
    request: async (request) => {
      const answered = await reached(fleet().request(request))
      if (!answered.ok) throw new FaultError(answered.fault)
      return JSON.parse(answered.value)
    },
    release: (sessionId, reason) => reached(fleet().release(sessionId, reason)),
  }
}

export function createSessions({ SESSIONS, FLEET }: Pick<Bindings, 'SESSIONS' | 'FLEET'>, log: Log): Sessions {
  async function tell(
    ids: SessionId[],
    what: (session: ReturnType<typeof SESSIONS.getByName>) => Promise<void>,
  ): Promise<void> {
    const told = await Promise.allSettled(ids.map((id) => what(SESSIONS.getByName(id))))
    for (const one of told) if (one.status === 'rejected') log.warn({ error: one.reason }, 'a session cannot be told')
  }
  return {
    /** Counts the sessions that nodes have: an object knows only of itself. */
    count: async () => (await reached(FLEET.getByName(FLEET_NAME).sessionIds())).length,
    goAway: (ids, retryAfterMs) => tell(ids, (session) => session.goAway(retryAfterMs)),
    nodeLost: (nodeId, ids) => tell(ids, (session) => session.nodeLost(nodeId)),
    metered: (id, standing) => tell([id], (session) => session.metered(standing)),
    /** Tells sessions that are on a node. One that is still being placed is told at the next look. */
    keysEnded: async (keyIds) => {
      const ids = await FLEET.getByName(FLEET_NAME).sessionIds()
      await tell(ids, (session) => session.keysEnded(keyIds))
    },
  }
}

async function reached<T>(call: Promise<T>): Promise<T> {
  try {
    return await call
  } catch (error) {
    throw unavailable(error)
  }
}

function unavailable(cause: unknown): FaultError {
  return new FaultError({ code: 'unavailable', what: 'room', retryAfterMs: RETRY_AFTER_MS }, { cause })
}
