// Keeps one connection: does the effects of dial-state.ts, with backoff and heartbeat. Used by ControlLink and DataLink.
// Knows no message but ping and pong.
import type { Backoff } from '#shared/backoff.ts'
import type { Clock } from '#shared/clock.ts'
import { unreachable } from '#shared/invariant.ts'
import type { Frame } from '#shared/link/frame.ts'
import { startKeepalive } from '#shared/link/keepalive.ts'
import type { Log } from '#shared/log.ts'
import { CLOSE_NORMAL } from '#shared/protocol/close-codes.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import type { Address, Connection, ConnectionEvents } from './connect-once.ts'
import { connectOnce } from './connect-once.ts'
import type { DialEffect, DialEvent, DialState } from './dial-state.ts'
import { reduceDial } from './dial-state.ts'
import type { ConnectionEnd } from './refusal.ts'

export interface DiallerOptions {
  /** Asked at each dial: secrets and query change from dial to dial. */
  address: () => Address
  isPermanent: (end: ConnectionEnd) => boolean
  giveUpAfterMs: number
  /** Between two dials, unless the edge asks for more; Infinity to leave it to the backoff. */
  longestWaitMs: number
  pingEveryMs: number
  deadAfterMs: number
  clock: Clock
  log: Log
  backoff: Backoff
  onOpen: (connection: Connection) => void
  onFrame: (frame: Frame) => void
  onLost: (end: ConnectionEnd) => void
  /** There will be no further dial. Not called after stop(). */
  onGiveUp: (end: ConnectionEnd) => void
  connect?: (address: Address, events: ConnectionEvents) => Connection
}

export class Dialler {
  readonly #options: DiallerOptions
  #state: DialState = { type: 'idle' }
  #connection: Connection | undefined
  #keepalive: ReturnType<typeof startKeepalive> | undefined
  #cancelWait: () => void = () => {}
  #notBefore = 0

  constructor(options: DiallerOptions) {
    this.#options = options
  }

  start(): void {
    this.#step({ type: 'start' })
  }

  /** Closes with the closing handshake and dials no more. */
  stop(): void {
    this.#step({ type: 'stop' })
  }

  /** Throws the connection away and dials again, so that the link resumes: for a gap in its numbers. */
  redial(): void {
    if (this.#state.type === 'open') this.#connection?.cut()
  }

  /** The edge is about to close the connection, and wants to be left alone for so long. */
  goAway(retryAfterMs: number): void {
    this.#notBefore = this.#options.clock.now() + retryAfterMs
  }

  #step(event: DialEvent): void {
    const { clock, giveUpAfterMs } = this.#options
    const { state, effects } = reduceDial(this.#state, event, { now: clock.now(), giveUpAfterMs })
    this.#state = state
    for (const effect of effects) this.#perform(effect)
  }

  #perform(effect: DialEffect): void {
    const { clock, backoff, log } = this.#options
    switch (effect.type) {
      case 'dial':
        return this.#dial()
      case 'wait': {
        const delayMs = this.#delayMs(effect)
        log.debug({ delayMs }, 'dials again')
        this.#cancelWait = clock.after(delayMs, () => this.#step({ type: 'due' }))
        return
      }
      case 'lost':
        backoff.disconnected(clock.now())
        return this.#options.onLost(effect.end)
      case 'giveUp':
        return this.#options.onGiveUp(effect.end)
      case 'close':
        this.#cancelWait()
        this.#keepalive?.stop()
        return this.#connection?.close(CLOSE_NORMAL, 'done')
      default:
        return unreachable(effect)
    }
  }

  #delayMs({ retryAfterMs, leftMs }: Extract<DialEffect, { type: 'wait' }>): number {
    const delayMs = this.#options.backoff.nextDelayMs(retryAfterMs)
    return Math.min(delayMs, Math.max(this.#options.longestWaitMs, retryAfterMs ?? 0), leftMs)
  }

  #dial(): void {
    const { address, connect = connectOnce } = this.#options
    this.#connection = connect(address(), {
      onOpen: (connection) => this.#opened(connection),
      onFrame: (frame) => this.#received(frame),
      onEnd: (end) => this.#ended(end),
    })
  }

  #opened(connection: Connection): void {
    const { clock, backoff, pingEveryMs, deadAfterMs } = this.#options
    this.#step({ type: 'opened' })
    if (this.#state.type !== 'open') return
    backoff.connected(clock.now())
    this.#keepalive = startKeepalive({
      clock,
      pingEveryMs,
      deadAfterMs,
      send: (text) => connection.send(text),
      onDead: () => connection.cut(),
    })
    this.#options.onOpen(connection)
  }

  #received(frame: Frame): void {
    if (this.#state.type !== 'open') return
    this.#keepalive?.heard()
    if (frame === PING) return this.#connection?.send(PONG)
    if (frame !== PONG) this.#options.onFrame(frame)
  }

  #ended(end: ConnectionEnd): void {
    this.#keepalive?.stop()
    this.#keepalive = undefined
    this.#connection = undefined
    const awayMs = this.#notBefore - this.#options.clock.now()
    const asked = awayMs > (end.retryAfterMs ?? 0) ? { ...end, retryAfterMs: awayMs } : end
    this.#step({ type: 'ended', end: asked, isPermanent: this.#options.isPermanent(end) })
  }
}
