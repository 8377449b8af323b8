// What every long-lived thing runs on: events wait in line, each is reduced to a state and effects, the effects are
// performed, and a bug ends what was under way without leaving half of it behind. The reducer is pure and stands in
// `x-reduce.ts`; the owner performs the effects. Knows no clock, no log, no socket.

/**
 * Events come from the effects of one event before them, so a handful wait. More than this is a loop of our own making.
 */
export const MAX_WAITING_EVENTS = 1_024

export interface MachineParts<State, Event, Effect> {
  /** The state to begin with. */
  state: State
  /** Pure. The owner closes over its clock or settings where the transitions need them. */
  reduce: (state: State, event: Event) => { state: State; effects: readonly Effect[] }
  perform: (effect: Effect) => void
  /** The state is another object than before. Called before the effects are performed. */
  onChange?: (state: State, before: State) => void
  /** Called after each event, once its effects are performed. */
  onStep?: () => void
  /**
   * Ends whatever was under way after a bug. Its effects are performed one by one, each also where the one before it
   * throws. Effects that the end needs (free a slot, write the end, close sockets) therefore belong to this event.
   */
  ending: Event
  /** Called for each bug, before `ending` is reduced. The owner logs it, and drops what waits outside the machine. */
  onBroken: (error: unknown) => void
  /** Even `ending` could not be reduced. The owner drops the whole thing without asking its state. */
  onStuck?: () => void
}

export class Machine<State, Event, Effect> {
  readonly #parts: MachineParts<State, Event, Effect>
  readonly #waiting: Event[] = []
  #state: State
  #isRunning = false

  constructor(parts: MachineParts<State, Event, Effect>) {
    this.#parts = parts
    this.#state = parts.state
  }

  get state(): State {
    return this.#state
  }

  /** Never throws. An event that comes from an effect waits until the other effects of its event are performed. */
  dispatch(event: Event): void {
    if (this.#waiting.length >= MAX_WAITING_EVENTS) return this.#break(new Error('a machine makes events without end'))
    this.#waiting.push(event)
    if (!this.#isRunning) this.#run()
  }

  /**
   * Runs work of the owner that is no event: a bug in it ends what is under way, as a bug in an effect does. Never
   * throws.
   */
  guard<Given extends unknown[]>(work: (...given: Given) => void, ...given: Given): void {
    // Inside an effect the step around it catches.
    if (this.#isRunning) return work(...given)
    try {
      work(...given)
    } catch (error) {
      this.#break(error)
    }
  }

  #run(): void {
    this.#isRunning = true
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      try {
        this.#reduce(next, this.#parts.perform)
        this.#parts.onStep?.()
      } catch (error) {
        this.#end(error)
      }
    }
    this.#isRunning = false
  }

  #break(error: unknown): void {
    // Inside a step: what is under way there must not go on as if nothing had happened.
    if (this.#isRunning) throw error
    this.#isRunning = true
    this.#end(error)
    this.#run()
  }

  #end(error: unknown): void {
    const { ending, perform, onStep, onStuck } = this.#parts
    this.#waiting.length = 0
    this.#tell(error)
    try {
      this.#reduce(ending, (effect) => this.#attempt(() => perform(effect)))
    } catch (stuck) {
      this.#tell(stuck)
      this.#attempt(() => onStuck?.())
    }
    this.#attempt(() => onStep?.())
  }

  #reduce(event: Event, perform: (effect: Effect) => void): void {
    const before = this.#state
    const { state, effects } = this.#parts.reduce(before, event)
    this.#state = state
    if (state !== before) this.#parts.onChange?.(state, before)
    for (const effect of effects) perform(effect)
  }

  #attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      this.#tell(error)
    }
  }

  /** Nobody is left to catch what the owner's own report throws. */
  #tell(error: unknown): void {
    try {
      this.#parts.onBroken(error)
    } catch {
      // The end that follows matters more than the report.
    }
  }
}
