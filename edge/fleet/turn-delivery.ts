// A finished turn of a node's outbox: stored, and the node told so, or told that it can never be. Called by the fleet room.
import { faultOf, type Fault } from '#shared/fault.ts'
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
  store: Pick<Store, 'turns'>
  sessions: Pick<Sessions, 'metered'>
  metrics: Pick<Metrics, 'count' | 'observe'>
}

type FinishedTurn = Extract<NodeControlMessage, { type: 'turn.finished' }>

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
