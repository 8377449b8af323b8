// How many connections somebody has open, and how many of them still wait to begin. Whoever opens a connection says
// whose it is (an address, a user) and gives it back once. Pure; its size is that of the connections that are open.

export interface ConnectionBounds {
  /**
   * Connections that have not begun: silent ones of an address, sockets of a user without a session. 0 for any number.
   */
  waiting: number
  /** All of them. 0 for any number. */
  all: number
}

/** One connection that is counted. Both may be called twice. */
export interface CountedConnection {
  begun(): void
  end(): void
}

export interface ConnectionCounts {
  /** Undefined where one more is too many. */
  open(whose: string): CountedConnection | undefined
  /** Those of whom something is open. */
  readonly size: number
}

export function createConnectionCounts({ waiting, all }: ConnectionBounds): ConnectionCounts {
  const counts = new Map<string, { waiting: number; all: number }>()
  return {
    get size() {
      return counts.size
    },
    open(whose) {
      const count = counts.get(whose) ?? { waiting: 0, all: 0 }
      if (isOver(count.waiting, waiting) || isOver(count.all, all)) return undefined
      counts.set(whose, count)
      count.waiting += 1
      count.all += 1
      let state: 'waiting' | 'begun' | 'ended' = 'waiting'
      const begun = (): void => {
        if (state !== 'waiting') return
        state = 'begun'
        count.waiting -= 1
      }
      return {
        begun,
        end() {
          if (state === 'ended') return
          begun()
          state = 'ended'
          count.all -= 1
          if (count.all === 0) counts.delete(whose)
        },
      }
    },
  }
}

const isOver = (count: number, max: number): boolean => max > 0 && count >= max
