// A finished turn of a node's outbox: stored, and the node told so, or told that it can never be. Called by the fleet room.
import { faultOf, type Fault } from '#shared/fault.ts'
import type { NodeControlMessage } from '#shared/protocol/node-messages.ts'
import type { ControlPeer } from './control-peer.ts'
import type { FleetRoomPorts } from './fleet-ports.ts'
import { observeTurn } from './turn-metrics.ts'

type FinishedTurn = Extract<NodeControlMessage, { type: 'turn.finished' }>

/** Faults after which the same turn can never be stored; anything else the node's outbox tries again. */
const NEVER_STORED = new Set<Fault['code']>(['not_found', 'invalid_message', 'too_large', 'conflict'])

/** No answer while the store fails for the moment: the node's outbox sends the turn again. */
export async function deliverTurn(
  peer: ControlPeer,
  { sessionId, conversationId, turn: record }: FinishedTurn,
  { store, sessions, clock, log, metrics }: Pick<FleetRoomPorts, 'store' | 'sessions' | 'clock' | 'log' | 'metrics'>,
): Promise<void> {
  const turnId = record.id
  try {
    const standing = await store.turns.storeTurn({ sessionId, conversationId, record, now: clock.now() })
    observeTurn(metrics, record)
    log.info({ turnId, sessionId, traceId: record.traceId, status: record.status }, 'turn stored')
    peer.send({ type: 'turn.stored', turnId })
    // Where it does not arrive the next turn says it again.
    if (standing?.exhausted || standing?.near.length)
      sessions
        .metered(sessionId, standing)
        .catch((error: unknown) => log.warn({ error, sessionId }, 'a session cannot be told'))
  } catch (error) {
    const { code } = faultOf(error)
    log.warn({ error, turnId, sessionId }, 'a turn was not stored')
    if (NEVER_STORED.has(code)) peer.send({ type: 'turn.rejected', turnId, code })
  }
}
