// What one session writes to the store: its placement, cut turns, corrections and its end, one after another. None is waited for by
// the audio, and one that fails keeps no later one back. Owned by session-effects.ts.
import type { Store } from '#edge/store/store.ts'
import type { Clock } from '#shared/clock.ts'
import { faultOf, type Fault } from '#shared/fault.ts'
import type { ConversationId, SessionId, TurnId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import type { Placed } from './session-state.ts'

export interface WritePorts {
  sessionId: SessionId
  clock: Clock
  log: Log
  store: Pick<Store, 'sessions' | 'turns'>
}

export class SessionWrites {
  readonly #ports: WritePorts
  #last: Promise<unknown> = Promise.resolve()

  constructor(ports: WritePorts) {
    this.#ports = ports
  }

  placed({ nodeId, epoch }: Placed): void {
    const { store, sessionId, clock } = this.#ports
    const now = clock.now()
    this.#write('record the placement', () => store.sessions.placed({ sessionId, nodeId, epoch, now }))
  }

  cut(conversationId: ConversationId, records: TurnRecord[]): void {
    const { store, sessionId, clock } = this.#ports
    for (const record of records)
      this.#write('store a cut turn', () =>
        store.turns.storeTurn({ sessionId, conversationId, record, now: clock.now() }),
      )
  }

  corrected(at: { conversationId: ConversationId; turnId: TurnId }, text: string): void {
    const { store, clock } = this.#ports
    this.#write('record a correction', () => store.turns.correctTurn(at, text, clock.now()))
  }

  /** `lastTurn`: the highest turn number that was given. */
  ended(reason: EndReason, lastTurn: number): void {
    const { store, sessionId, clock } = this.#ports
    const now = clock.now()
    this.#write('record the end', () => store.sessions.ended({ sessionId, reason, lastTurn, now }))
  }

  /** Runs once all that was written so far is done or has failed. */
  after(run: () => void): void {
    this.#last = this.#last.then(run)
  }

  #write(what: string, write: () => Promise<unknown>): void {
    this.#last = this.#last.then(write).catch((error: unknown) => void handled(this.#ports.log, error, what))
  }
}

/** A fault is the caller's matter; anything else is a bug or a broken database, and ours. */
export function handled(log: Log, error: unknown, what: string): Fault {
  const fault = faultOf(error)
  if (fault.code === 'internal') log.error({ error, what }, 'failed')
  return fault
}
