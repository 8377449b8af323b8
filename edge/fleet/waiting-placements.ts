// Session rooms that wait for a node to take their session. Owned by fleet-room.ts; lives in memory only, as the waiting does.
import { FaultError, type Fault } from '#shared/fault.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'

interface Waiting {
  resolve(nodeId: NodeId): void
  reject(fault: FaultError): void
}

export class WaitingPlacements {
  readonly #waiting = new Map<SessionId, Waiting>()

  wait(sessionId: SessionId): Promise<NodeId> {
    return new Promise((resolve, reject) => this.#waiting.set(sessionId, { resolve, reject }))
  }

  placed(sessionId: SessionId, nodeId: NodeId): void {
    this.#take(sessionId)?.resolve(nodeId)
  }

  unplaced(sessionId: SessionId, fault: Fault): void {
    this.#take(sessionId)?.reject(new FaultError(fault))
  }

  /** Answers everybody who waits. */
  unplacedAll(fault: Fault): void {
    for (const sessionId of this.#waiting.keys()) this.unplaced(sessionId, fault)
  }

  #take(sessionId: SessionId): Waiting | undefined {
    const waiting = this.#waiting.get(sessionId)
    this.#waiting.delete(sessionId)
    return waiting
  }
}
