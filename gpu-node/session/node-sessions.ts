// The sessions that this node has now, each in a slot: accepts or declines offers, ends what is revoked, drains.
// Made in gpu-node/start-node.ts between the control link and the sessions. Knows no wire and no turn.
import type { SessionId } from '#shared/ids.ts'
import type { AdmissionRefusal } from '#shared/model/node.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import type { Offer } from '#gpu-node/tunnel/control-link.ts'
import { NodeSession } from './node-session.ts'
import type { SessionSurroundings } from './session-turns.ts'

export interface NodeSessionsOptions extends SessionSurroundings {
  slots: number
  /** Whether every engine that a session needs has answered. */
  isReady: () => boolean
  /** Why no new session is taken although slots are free. Those that are live go on. */
  refusal: () => AdmissionRefusal | null
  accept: (offer: Offer) => void
  decline: (offer: Offer, code: 'no_capacity' | 'unavailable' | 'stale_epoch', reason?: AdmissionRefusal) => void
  /** A slot was taken or freed. */
  onChange: () => void
}

export class NodeSessions {
  readonly #options: NodeSessionsOptions
  readonly #sessions = new Set<NodeSession>()
  #isDraining = false

  constructor(options: NodeSessionsOptions) {
    this.#options = options
  }

  get ids(): SessionId[] {
    return [...this.#sessions].map(({ offer }) => offer.sessionId)
  }

  get freeSlots(): number {
    return this.#isDraining ? 0 : Math.max(0, this.#options.slots - this.#sessions.size)
  }

  get isDraining(): boolean {
    return this.#isDraining
  }

  offered(offer: Offer): void {
    const { slots, isReady, refusal, decline } = this.#options
    const held = this.#find(offer.sessionId)
    if (held && held.offer.epoch >= offer.epoch) return decline(offer, 'stale_epoch')
    if (this.#isDraining) return decline(offer, 'unavailable')
    if (!isReady()) return decline(offer, 'unavailable', 'engines')
    // A session that comes back to its own node takes over the slot that it still holds here.
    if (this.#sessions.size - (held ? 1 : 0) >= slots) return decline(offer, 'no_capacity')
    // One that is here already and comes back costs nothing new.
    const refusing = held ? null : refusal()
    if (refusing) return decline(offer, 'no_capacity', refusing)
    held?.end('replaced')
    this.#open(offer)
  }

  revoked(sessionId: SessionId, reason: EndReason): void {
    this.#find(sessionId)?.end(reason)
  }

  /** No new session from now on; live ones go on. */
  drain(): void {
    if (this.#isDraining) return
    this.#isDraining = true
    for (const session of this.#sessions) session.tellDraining()
  }

  /** Resolves when no session is in the middle of a turn. */
  async idle(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.whenIdle()))
  }

  /** Leaves every session and resolves when each slot is free; bounded by the timeouts in session-state.ts. */
  async leave(): Promise<void> {
    const sessions = [...this.#sessions]
    for (const session of sessions) session.leave()
    await Promise.all(sessions.map(({ over }) => over))
  }

  #open(offer: Offer): void {
    const session = new NodeSession(offer, this.#options)
    this.#sessions.add(session)
    void session.over.then(() => {
      this.#sessions.delete(session)
      this.#options.onChange()
    })
    this.#options.accept(offer)
    this.#options.onChange()
    session.start()
  }

  /** The newest of this id: one that was replaced may still be ending. */
  #find(sessionId: SessionId): NodeSession | undefined {
    return [...this.#sessions].findLast(({ offer }) => offer.sessionId === sessionId)
  }
}
