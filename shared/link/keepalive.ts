// The heartbeat of one socket: sends the exact ping text and tells when the peer has been silent for too long. A ping makes both
// ends heard. Where frames went both ways since the last one, both were heard, and it is left out: in a call nobody pings.
import type { Clock } from '#shared/clock.ts'
import { PING } from '#shared/protocol/decode.ts'

export interface KeepaliveOptions {
  clock: Clock
  pingEveryMs: number
  /** Silence after which the peer counts as dead; pings and any other frame end a silence. */
  deadAfterMs: number
  send(text: string): void
  /** Called once. */
  onDead(): void
}

export interface Keepalive {
  /** To be called on any frame of the peer. */
  heard(): void
  /** To be called on any frame to the peer but a ping. */
  sent(): void
  stop(): void
}

export function startKeepalive(options: KeepaliveOptions): Keepalive {
  const { clock, pingEveryMs, deadAfterMs } = options
  let heardAt = clock.now()
  let hasHeard = false
  let hasSent = false
  const stopPings = clock.every(pingEveryMs, () => {
    if (!hasHeard || !hasSent) options.send(PING)
    hasHeard = false
    hasSent = false
  })
  let cancelWatch = clock.after(deadAfterMs, watch)

  function watch(): void {
    const silentMs = clock.now() - heardAt
    if (silentMs < deadAfterMs) {
      cancelWatch = clock.after(deadAfterMs - silentMs, watch)
      return
    }
    stopPings()
    options.onDead()
  }

  return {
    heard: () => {
      heardAt = clock.now()
      hasHeard = true
    },
    sent: () => {
      hasSent = true
    },
    stop: () => {
      stopPings()
      cancelWatch()
    },
  }
}
