// Which kept turns are on their way to the edge, and which are due again. Pure; Outbox asks it. Knows no database and no socket.
import type { OutboxRow } from './outbox-rows.ts'

/** Turns on their way at once: a round trip each would be slow after an outage, all at once would flood the edge. */
export const WINDOW = 16
/** An edge that has not answered in this time failed to store it (its database is away): again, ever more slowly. */
const RESEND_AFTER_MS = 10_000
const MAX_RESEND_AFTER_MS = 5 * 60_000

interface OnItsWay {
  /**
   * The revisions sent, oldest first: the edge answers in the order of sending and names only the turn. An answer counts for
   * the oldest, so that it can never stand for a revision that the edge has not seen.
   */
  revisions: number[]
  dueAt: number
}

export class Delivery {
  readonly #sent = new Map<string, OnItsWay>()

  /** The rows to send now; they count as sent. `rows`: the oldest WINDOW rows. */
  take(rows: OutboxRow[], now: number): OutboxRow[] {
    const due = rows.filter(({ turnId }) => this.#isDue(turnId, now))
    for (const { turnId, revision } of due) {
      const revisions = [...(this.#sent.get(turnId)?.revisions ?? []), revision]
      const waitMs = Math.min(RESEND_AFTER_MS * 2 ** (revisions.length - 1), MAX_RESEND_AFTER_MS)
      this.#sent.set(turnId, { revisions, dueAt: now + waitMs })
    }
    return due
  }

  /**
   * The revision that this answer is for; undefined for an answer to nothing that was sent. The turn is not taken again until
   * settled() says that the database knows: a reading on its way may still hold the row.
   */
  answered(turnId: string): number | undefined {
    const onItsWay = this.#sent.get(turnId)
    const revision = onItsWay?.revisions.shift()
    if (onItsWay?.revisions.length === 0) onItsWay.dueAt = Infinity
    return revision
  }

  settled(turnId: string): void {
    if (this.#sent.get(turnId)?.revisions.length === 0) this.#sent.delete(turnId)
  }

  /** When the first answer is overdue; Infinity when none is awaited. */
  nextDueAt(): number {
    return Math.min(Infinity, ...[...this.#sent.values()].map(({ dueAt }) => dueAt))
  }

  /** The connection is gone, and every answer with it. */
  reset(): void {
    this.#sent.clear()
  }

  /** A turn that was corrected waits for the answer to what is on its way: two answers must not be mixed up. */
  #isDue(turnId: string, now: number): boolean {
    const onItsWay = this.#sent.get(turnId)
    return onItsWay === undefined || now >= onItsWay.dueAt
  }
}
