// Hosts one room on Node: its verbs run one after another, its alarm is a timer, and a bug in a verb stays inside.
// Used by rooms.ts. Knows nothing of what a room does.
import type { Clock } from '#shared/clock.ts'
import { invariant } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'

/** Verbs come from the verb before them, so a handful wait. More means that rooms call each other without end. */
const MAX_WAITING_VERBS = 4_096

type Verb = () => void

/** Runs verbs one at a time, in order. One that finds the room free runs at once, so that audio is not put off. */
export class Mailbox {
  readonly #onBug: (error: unknown) => void
  readonly #waiting: Verb[] = []
  #isBusy = false

  constructor(onBug: (error: unknown) => void) {
    this.#onBug = onBug
  }

  post(verb: Verb): void {
    invariant(this.#waiting.length < MAX_WAITING_VERBS, 'a room no longer takes its verbs')
    this.#waiting.push(verb)
    if (this.#isBusy) return
    this.#isBusy = true
    this.#drain()
  }

  /** As post(), for what comes at every frame: with the room free, which it nearly always is, nothing is allocated. */
  give<T>(verb: (given: T) => void, given: T): void {
    if (this.#isBusy) return this.post(() => verb(given))
    this.#isBusy = true
    try {
      verb(given)
    } catch (error) {
      this.#onBug(error)
    }
    this.#drain()
  }

  #drain(): void {
    for (let next = this.#waiting.shift(); next; next = this.#waiting.shift()) this.#run(next)
    this.#isBusy = false
  }

  #run(verb: Verb): void {
    try {
      verb()
    } catch (error) {
      this.#onBug(error)
    }
  }
}

/** One alarm. A later time leaves the timer as it is: an alarm that rings early only looks at the clock and is set anew. */
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
export interface RoomHost {
  post: (verb: Verb) => void
  /** See Mailbox.give(). */
  give: <T>(verb: (given: T) => void, given: T) => void
  /** Resolves or rejects as the verb does, once it has run. */
  ask: <T>(verb: () => T | Promise<T>) => Promise<T>
  alarm: Alarm
}

export function hostRoom({ clock, log, ring }: { clock: Clock; log: Log; ring: () => void }): RoomHost {
  const mailbox = new Mailbox((error) => log.error({ error }, 'a bug in a room'))
  return {
    post: (verb) => mailbox.post(verb),
    give: (verb, given) => mailbox.give(verb, given),
    ask: (verb) => new Promise((resolve, reject) => mailbox.post(() => attempt(verb, resolve, reject))),
    alarm: new Alarm(clock, () => mailbox.post(ring)),
  }
}

function attempt<T>(
  verb: () => T | Promise<T>,
  resolve: (value: T | Promise<T>) => void,
  reject: (error: unknown) => void,
): void {
  try {
    resolve(verb())
  } catch (error) {
    reject(error)
  }
}
