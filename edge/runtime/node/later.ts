// Work that goes on when the request that began it is answered. The host waits for it before it closes what the work uses.

export interface Later {
  run(work: Promise<void>): void
  ended(): Promise<void>
}

export function createLater(): Later {
  const running = new Set<Promise<void>>()
  return {
    run(work) {
      running.add(work)
      void work.finally(() => running.delete(work))
    },
    async ended() {
      await Promise.all(running)
    },
  }
}
