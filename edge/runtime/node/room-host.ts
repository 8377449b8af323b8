// Hosts one room on Node: its verbs run one after another, its alarm is a timer, and a bug in a verb stays inside.
// Used by rooms.ts. Knows no room's content.
import type { Clock } from '#shared/clock.ts'
import { invariant } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'

/** Verbs that wait for one before them: seconds of frames of both sockets. More means that a room hangs. */
const MAX_WAITING_VERBS = 4_096

type Verb = () => void | Promise<void>

/** Runs verbs one at a time, in order. One that finds the room free runs at once, so that audio is not put off. */
export class Mailbox {
  readonly #onBug: (error: unknown) => void
  readonly #waiting: Verb[] = []
  #isBusy = false

  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug
  }

  post(verb: Verb): void {
    if (this.#isBusy) {
      invariant(this.#waiting.length < MAX_WAITING_VERBS, 'a room no longer takes its verbs')
      this.#waiting.push(verb)
      return
    }
    this.#isBusy = true
    for (let next: Verb | undefined = verb; next; next = this.#waiting.shift()) {
      const running = this.#run(next)
      if (!running) continue
      void running.catch(this.#onBug).finally(() => {
        this.#isBusy = false
        const first = this.#waiting.shift()
        if (first) this.post(first)
      })
      return
    }
    this.#isBusy = false
  }

  #run(verb: Verb): Promise<void> | undefined {
    try {
      return verb() ?? undefined
    } catch (error) {
      this.#onBug(error)
      return undefined
    }
  }
}

/** One alarm: a later time leaves the timer as it is, because an early alarm only looks at the clock and sets it anew. */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  #cancel: (() => void) | undefined
  #at = Infinity

  constructor(clock: Clock, ring: () => void) {
    this.#clock = clock
    this.#ring = ring
  }

  set(at: number | undefined): void {
    if (at === undefined) return this.#clear()
    if (at >= this.#at) return
    this.#clear()
    this.#at = at
    this.#cancel = this.#clock.after(Math.max(0, at - this.#clock.now()), () => {
      this.#clear()
      this.#ring()
    })
  }

  #clear(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#at = Infinity
  }
}

/** A room's mailbox and alarm together. */
export function hostRoom(ports: { clock: Clock; log: Log; ring: () => void }): {
  post(verb: Verb): void
  alarm: Alarm
} {
  const mailbox = new Mailbox((error) => ports.log.error({ error }, 'a bug in a room'))
  return { post: (verb) => mailbox.post(verb), alarm: new Alarm(ports.clock, () => mailbox.post(ports.ring)) }
}
