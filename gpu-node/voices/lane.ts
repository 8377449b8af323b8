// Work that is done one piece after the other, with a bound on what waits. Users take turns: who was served longest ago is next, and where
// the lane is full, whoever has most in it gives way to whoever has less. Used by voices.ts.
import { FaultError } from '#shared/fault.ts'

const RETRY_AFTER_MS = 5_000
/** Users whose last turn is remembered: more than can wait at once. */
const MAX_REMEMBERED = 64

interface Piece {
  user: string
  /** Resolves when it is done, however it ended. */
  begin: () => Promise<void>
  refuse: () => void
}

export class Lane {
  readonly #maxPieces: number
  readonly #waiting: Piece[] = []
  #running: Piece | undefined
  /** The number of each user's last turn; the least recent first. */
  readonly #turns = new Map<string, number>()
  #turn = 0

  /** `maxPieces`: those that wait and the one that is under way. */
  constructor(maxPieces: number) {
    this.#maxPieces = maxPieces
  }

  /**
   * Throws FaultError unavailable where too much waits, or where nobody wants it any more when its turn comes. Work without a user counts
   * as one user's.
   */
  async run<T>(work: () => Promise<T>, signal: AbortSignal, user = ''): Promise<T> {
    this.#makeRoom(user)
    return new Promise<T>((resolve, reject) => {
      const begin = async (): Promise<void> => {
        try {
          if (signal.aborted) throw unavailable()
          resolve(await work())
        } catch (error) {
          reject(error)
        }
      }
      this.#waiting.push({ user, begin, refuse: () => reject(unavailable()) })
      void this.#next()
    })
  }

  #makeRoom(user: string): void {
    if (this.#waiting.length + Number(this.#running !== undefined) < this.#maxPieces) return
    const least = this.#piecesOf(user)
    const last = this.#waiting.findLast((piece) => this.#piecesOf(piece.user) === this.#most)
    // Who gives way keeps at least as much as who comes in gets.
    if (!last || this.#most <= least + 1) throw unavailable()
    this.#waiting.splice(this.#waiting.indexOf(last), 1)
    last.refuse()
  }

  /** Pieces of the user who has most, of those who have one that can still be refused. */
  get #most(): number {
    return Math.max(0, ...this.#waiting.map(({ user }) => this.#piecesOf(user)))
  }

  #piecesOf(user: string): number {
    const running = Number(this.#running?.user === user)
    return running + this.#waiting.filter((piece) => piece.user === user).length
  }

  async #next(): Promise<void> {
    if (this.#running) return
    const next = this.#waiting.toSorted((one, other) => this.#turnOf(one.user) - this.#turnOf(other.user))[0]
    if (!next) return
    this.#waiting.splice(this.#waiting.indexOf(next), 1)
    this.#running = next
    this.#remember(next.user)
    await next.begin()
    this.#running = undefined
    void this.#next()
  }

  #turnOf(user: string): number {
    return this.#turns.get(user) ?? 0
  }

  #remember(user: string): void {
    this.#turns.delete(user)
    this.#turns.set(user, ++this.#turn)
    const [longestAgo] = this.#turns.keys()
    if (this.#turns.size > MAX_REMEMBERED && longestAgo !== undefined) this.#turns.delete(longestAgo)
  }
}

const unavailable = (): FaultError =>
  new FaultError({ code: 'unavailable', what: 'voices', retryAfterMs: RETRY_AFTER_MS })
