// The secrets of one session: the node's ticket and both resume tokens. Minted, checked and burnt here only; compared by
// XOR over SHA-256 digests. Lives as long as its room.
import { invalid } from '#shared/fault.ts'
import type { NodeId } from '#shared/ids.ts'
import { TICKET_VALID_MS } from '#shared/protocol/limits.ts'
import { newSecret, sameSecret } from '#shared/token.ts'

interface Ticket {
  ticket: string
  epoch: number
  expiresAt: number
}

/** The resume tokens, current and previous, as they outlive the room's memory: in the room's own storage, nowhere else. */
export interface KeptSecrets {
  caller: KeptToken
  node: KeptToken
}
type KeptToken = [current: string | undefined, previous: string | undefined]

export class SessionSecrets {
  readonly caller: ResumeToken
  readonly node: ResumeToken
  #ticket: Ticket | undefined

  constructor(kept?: KeptSecrets) {
    this.caller = new ResumeToken(kept?.caller)
    this.node = new ResumeToken(kept?.node)
  }

  get changes(): number {
    return this.caller.changes + this.node.changes
  }

  /** Without the ticket: a session that is forgotten before its node has dialled ends. */
  keep(): KeptSecrets {
    return { caller: this.caller.keep(), node: this.node.keep() }
  }

  /** Single use. Bound to session and epoch here, and to the node that accepted when it is burnt. */
  mintTicket(epoch: number, now: number): Ticket {
    this.#ticket = { ticket: newSecret(''), epoch, expiresAt: now + TICKET_VALID_MS }
    return this.#ticket
  }

  /** True once, for the right ticket in time, brought by the node that has the session. */
  async burnTicket(
    offered: string,
    by: { nodeId: NodeId; placedAt: { nodeId: NodeId; epoch: number }; now: number },
  ): Promise<boolean> {
    const held = this.#ticket
    if (!held || by.now >= held.expiresAt || by.nodeId !== by.placedAt.nodeId || held.epoch !== by.placedAt.epoch)
      return false
    const isSame = await sameSecret(offered, held.ticket)
    // No await between this check and the burning: of two dials with one ticket only the first finds it.
    if (!isSame || this.#ticket !== held) return false
    this.#ticket = undefined
    return true
  }
}

/**
 * Rotated at each resume. The token before the current one is good as well until the next rotation: the message that
 * carried the current one may have been lost with its socket.
 */
class ResumeToken {
  #current: string | undefined
  #previous: string | undefined
  #changes = 0

  constructor(kept: KeptToken = [undefined, undefined]) {
    ;[this.#current, this.#previous] = kept
  }

  get changes(): number {
    return this.#changes
  }

  keep(): KeptToken {
    return [this.#current, this.#previous]
  }

  rotate(): string {
    const token = newSecret('')
    this.#changes += 1
    this.#previous = this.#current
    this.#current = token
    return token
  }

  current(): string {
    return this.#current ?? this.rotate()
  }

  async matches(offered: string): Promise<boolean> {
    const [isCurrent, isPrevious] = await Promise.all([
      this.#current !== undefined && sameSecret(offered, this.#current),
      this.#previous !== undefined && sameSecret(offered, this.#previous),
    ])
    return isCurrent || isPrevious
  }
}

/** An end that comes back cannot have more than was sent to it. Throws FaultError invalid_message. */
export function checkReceived(received: number, max: number): void {
  if (received > max) throw invalid(`received: expected at most ${max}`)
}
