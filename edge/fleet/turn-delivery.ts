// A finished turn of a node's outbox: stored, and the node told so, or told that it can never be. Called by the fleet room.
import { faultOf, FaultError, notFound, type Fault } from '#shared/fault.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import type { NodeControlMessage } from '#shared/protocol/node-messages.ts'
import type { Metrics } from '#edge/ports.ts'
import type { Sessions } from '#edge/rooms-ports.ts'
import type { Store } from '#edge/store/store.ts'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { ControlPeer } from './control-peer.ts'
import { observeTurn } from './turn-metrics.ts'

export interface DeliveryPorts {
  clock: Clock
  log: Log
  store: Pick<Store, 'sessions' | 'turns'>
  sessions: Pick<Sessions, 'metered'>
  metrics: Pick<Metrics, 'count' | 'observe'>
}

type FinishedTurn = Extract<NodeControlMessage, { type: 'turn.finished' }>

/** A placement is written within milliseconds. */
const RETRY_AFTER_MS = 1_000

/** After these faults the same turn can never be stored. After any other the node's outbox tries again. */
const NEVER_STORED = new Set<Fault['code']>(['not_found', 'invalid_message', 'too_large', 'conflict'])

/** While the store fails there is no answer: the node's outbox sends the turn again. */
export async function deliverTurn(
  peer: ControlPeer,
  { sessionId, conversationId, turn: record }: FinishedTurn,
  { store, sessions, clock, log, metrics }: DeliveryPorts,
): Promise<void> {
  const turnId = record.id
  try {
    await requireHolder(store, sessionId, peer.nodeId)
    const standing = await store.turns.storeTurn({ sessionId, conversationId, record, now: clock.now() })
    observeTurn(metrics, record)
    log.info({ turnId, sessionId, traceId: record.traceId, status: record.status }, 'turn stored')
    peer.tell({ type: 'turn.stored', turnId })
    // Where this does not arrive the next turn says it again.
    if (standing?.exhausted || standing?.near.length)
      sessions
        .metered(sessionId, standing)
        .catch((error: unknown) => log.warn({ error, sessionId }, 'a session cannot be told'))
  } catch (error) {
    const { code } = faultOf(error)
    log.warn({ error, turnId, sessionId }, 'a turn was not stored')
    if (NEVER_STORED.has(code)) peer.tell({ type: 'turn.rejected', turnId, code })
  }
}

/** Throws FaultError not_found where another node has the session, unavailable while its placement is still being written. */
async function requireHolder({ sessions }: Pick<Store, 'sessions'>, id: SessionId, nodeId: NodeId): Promise<void> {
  const holder = await sessions.nodeOf(id)
  if (holder === nodeId) return
  if (holder === null) throw new FaultError({ code: 'unavailable', what: 'placement', retryAfterMs: RETRY_AFTER_MS })
  throw notFound('session', id)
}
