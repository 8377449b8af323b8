// The way of finished turns to the edge: first to this node's disk, then over the control socket, oldest first, until the edge
// has stored each. Fed by sessions, drained by the control link. Survives a restart, and an edge that is down.
import * as v from 'valibot'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import type { TurnAudio } from '#shared/model/turn-audio.ts'
import { Delivery, WINDOW } from './delivery.ts'
import { FinishedTurn } from './finished-turn.ts'
import type { OutboxRow, OutboxRows } from './outbox-rows.ts'

/** A database that cannot be read is busy or broken; asking it without pause would not help. */
const RETRY_AFTER_MS = 5_000

export interface OutboxOptions {
  rows: OutboxRows
  clock: Clock
  log: Log
  /** To the edge, if it is there; nothing is lost when it is not. */
  send: (finished: FinishedTurn) => void
  /** Brings the sound of turns, where there is any. */
  carrier?: Carrier | undefined
}

export interface Carrier {
  /** The turn will be kept once more, with its sound. */
  isAwaited(turnId: string): boolean
  /** The turn as it may be sent now; undefined where it has to wait. */
  bring(turn: TurnRecord): Promise<TurnRecord | undefined>
  /** The edge has answered for the turn. */
  settled(turnId: string): Promise<void>
}

export class Outbox {
  readonly #options: OutboxOptions
  readonly #delivery = new Delivery()
  #isConnected = false
  #isPumping = false
  #isPumpWanted = false
  #cancelDue: () => void = () => {}
  #onChange: Array<() => void> = []

  constructor(options: OutboxOptions) {
    this.#options = options
  }

  /** Resolves once the turn is on disk. A turn that is there already is replaced: that is how a correction travels. */
  async keep(finished: FinishedTurn): Promise<void> {
    const { rows, clock, log } = this.#options
    const cut = await rows.keep({ turnId: finished.turn.id, body: JSON.stringify(finished), now: clock.now() })
    if (cut.length > 0) log.error({ turnIds: cut }, 'the outbox is full: its oldest turns are lost')
    this.#pump()
  }

  /** The sound of a turn is there. A turn that is not kept any more is left alone. */
  async addAudio(turnId: string, audio: TurnAudio | undefined): Promise<void> {
    if (audio) await this.#options.rows.addAudio(turnId, audio)
    this.#pump()
  }

  /** The edge is there and knows this node. */
  connected(): void {
    this.#delivery.reset()
    this.#isConnected = true
    this.#pump()
  }

  disconnected(): void {
    this.#isConnected = false
    this.#delivery.reset()
    this.#cancelDue()
  }

  stored(turnId: string): Promise<void> {
    return this.#answered(turnId)
  }

  rejected(turnId: string, code: string): Promise<void> {
    this.#options.log.error({ turnId, code }, 'the edge can never store this turn: dropped')
    return this.#answered(turnId)
  }

  count(): Promise<number> {
    return this.#options.rows.count()
  }

  /** Resolves when nothing is left to send, or after `withinMs`; the rest goes after the next start. */
  async emptied(withinMs: number): Promise<void> {
    const { clock } = this.#options
    const endsAt = clock.now() + withinMs
    while (this.#isConnected && (await this.count()) > 0) {
      const leftMs = endsAt - clock.now()
      if (leftMs <= 0) return
      await new Promise<void>((resolve) => {
        const cancel = clock.after(leftMs, resolve)
        this.#onChange.push(() => {
          cancel()
          resolve()
        })
      })
    }
  }

  /** Nothing is sent any more; what is kept stays. */
  close(): void {
    this.disconnected()
    this.#changed()
  }

  async #answered(turnId: string): Promise<void> {
    const revision = this.#delivery.answered(turnId)
    if (revision === undefined) return
    try {
      await this.#options.rows.drop(turnId, revision)
      await this.#options.carrier?.settled(turnId)
    } finally {
      this.#delivery.settled(turnId)
      this.#changed()
      this.#pump()
    }
  }

  #changed(): void {
    for (const onChange of this.#onChange.splice(0)) onChange()
  }

  /** One at a time: two readings of the table at once could send a turn twice. */
  #pump(): void {
    this.#isPumpWanted = true
    if (this.#isPumping) return
    this.#isPumping = true
    this.#pumpAll()
      .catch((error: unknown) => this.#unreadable(error))
      .finally(() => {
        this.#isPumping = false
        if (this.#isPumpWanted && this.#isConnected) this.#pump()
      })
  }

  #unreadable(error: unknown): void {
    this.#options.log.error({ error }, 'the outbox cannot be read')
    this.#isPumpWanted = false
    this.#cancelDue()
    this.#cancelDue = this.#options.clock.after(RETRY_AFTER_MS, () => this.#pump())
  }

  async #pumpAll(): Promise<void> {
    const { rows, clock, carrier } = this.#options
    while (this.#isPumpWanted && this.#isConnected) {
      this.#isPumpWanted = false
      const oldest = (await rows.oldest(WINDOW)).filter(({ turnId }) => !carrier?.isAwaited(turnId))
      if (!this.#isConnected) return
      for (const row of this.#delivery.take(oldest, clock.now())) await this.#send(row)
      this.#wakeWhenDue()
    }
  }

  async #send(row: OutboxRow): Promise<void> {
    const { rows, send, log } = this.#options
    const finished = parseBody(row.body)
    // Not awaited: other turns need not wait for a file.
    if (finished?.turn.audio) return void this.#sendWithAudio(finished)
    if (finished) return send(finished)
    log.error({ turnId: row.turnId }, 'a kept turn cannot be read: dropped')
    this.#delivery.answered(row.turnId)
    await rows.drop(row.turnId, row.revision)
    this.#delivery.settled(row.turnId)
  }

  /** Where it has to wait it is due again, as a turn that the edge did not answer for. */
  async #sendWithAudio(finished: FinishedTurn): Promise<void> {
    const { carrier, send, log } = this.#options
    try {
      const turn = carrier ? await carrier.bring(finished.turn) : finished.turn
      if (turn && this.#isConnected) send({ ...finished, turn })
    } catch (error) {
      log.error({ error, turnId: finished.turn.id }, 'the sound of a turn cannot be brought')
    }
  }

  #wakeWhenDue(): void {
    const { clock } = this.#options
    this.#cancelDue()
    const dueAt = this.#delivery.nextDueAt()
    if (dueAt === Infinity || !this.#isConnected) return
    this.#cancelDue = clock.after(Math.max(0, dueAt - clock.now()), () => this.#pump())
  }
}

/** Undefined for what an older version wrote in a form that is no more. */
function parseBody(body: string): FinishedTurn | undefined {
  try {
    const parsed = v.safeParse(FinishedTurn, JSON.parse(body))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
