// Keeps one connection: performs the effects of dial-reduce.ts, with backoff and heartbeat. Used by ControlLink and DataLink.
// Knows no message but ping and pong.
import type { Backoff } from '#shared/backoff.ts'
import type { Clock } from '#shared/clock.ts'
import { unreachable } from '#shared/invariant.ts'
import type { Frame } from '#shared/link/frame.ts'
import { startKeepalive } from '#shared/link/keepalive.ts'
import type { Log } from '#shared/log.ts'
import { Machine } from '#shared/machine.ts'
import { CLOSE_NORMAL } from '#shared/protocol/close-codes.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import type { Address, Connection, ConnectionEvents } from './connect-once.ts'
import { connectOnce } from './connect-once.ts'
import { reduceDial } from './dial-reduce.ts'
import type { DialEffect, DialEvent, DialState } from './dial-state.ts'
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

/** As which a bug of ours counts. */
const BROKEN: ConnectionEnd = { wasOpen: true, isBug: true, reason: 'a bug of ours' }

export class Dialler {
  readonly #options: DiallerOptions
  readonly #machine: Machine<DialState, DialEvent, DialEffect>
  #connection: Connection | undefined
  #keepalive: ReturnType<typeof startKeepalive> | undefined
  #cancelWait: () => void = () => {}
  #notBefore = 0
  #openedAt = 0

  constructor(options: DiallerOptions) {
    this.#options = options
    const { clock, giveUpAfterMs, log } = options
    this.#machine = new Machine<DialState, DialEvent, DialEffect>({
      state: { type: 'idle' },
      reduce: (state, event) => reduceDial(state, event, { now: clock.now(), giveUpAfterMs }),
      perform: (effect) => this.#perform(effect),
      ending: { type: 'broke', end: BROKEN, isPermanent: options.isPermanent(BROKEN) },
      onBroken: (error) => log.error({ error }, 'a bug drops a connection to the edge'),
    })
  }

  start(): void {
    this.#machine.dispatch({ type: 'start' })
  }

  /** Closes with the closing handshake and dials no more. */
  stop(): void {
    this.#machine.dispatch({ type: 'stop' })
  }

  /** Throws the connection away and dials again, so that the link resumes: for a gap in its numbers. */
  redial(): void {
    if (this.#machine.state.type === 'open') this.#connection?.cut()
  }

  /** The edge is about to close the connection, and wants to be left alone for so long. */
  goAway(retryAfterMs: number): void {
    this.#notBefore = this.#options.clock.now() + retryAfterMs
  }

  #perform(effect: DialEffect): void {
    const { clock, log, onLost, onGiveUp } = this.#options
    switch (effect.type) {
      case 'dial':
        return this.#dial()
      case 'serve':
        return this.#serve()
      case 'wait': {
        const delayMs = this.#delayMs(effect)
        log.debug({ delayMs }, 'dials again')
        this.#cancelWait()
        this.#cancelWait = clock.after(delayMs, () => this.#machine.dispatch({ type: 'due' }))
        return
      }
      case 'lost':
        return onLost(effect.end)
      case 'giveUp':
        return onGiveUp(effect.end)
      case 'close':
        this.#cancelWait()
        this.#keepalive?.stop()
        return this.#connection?.close(CLOSE_NORMAL, 'done')
      case 'cut':
        return this.#drop()?.cut()
      default:
        return unreachable(effect)
    }
  }

  #delayMs({ retryAfterMs, leftMs }: Extract<DialEffect, { type: 'wait' }>): number {
    const delayMs = this.#options.backoff.nextDelayMs(retryAfterMs)
    return Math.min(delayMs, Math.max(this.#options.longestWaitMs, retryAfterMs ?? 0), leftMs)
  }

  /** Events of a connection that was dropped are nobody's. */
  #dial(): void {
    const { address, connect = connectOnce } = this.#options
    const connection = connect(address(), {
      onOpen: () => {
        if (connection === this.#connection) this.#machine.dispatch({ type: 'opened' })
      },
      onFrame: (frame) => {
        if (connection === this.#connection) this.#machine.guard(() => this.#received(frame))
      },
      onEnd: (end) => {
        if (connection === this.#connection) this.#ended(end)
      },
    })
    this.#connection = connection
  }

  #serve(): void {
    const { clock, pingEveryMs, deadAfterMs } = this.#options
    const connection = this.#connection
    if (!connection) return
    this.#openedAt = clock.now()
    this.#keepalive = startKeepalive({
      clock,
      pingEveryMs,
      deadAfterMs,
      send: (text) => connection.send(text),
      onDead: () => connection.cut(),
    })
    this.#options.onOpen({
      send: (frame) => {
        this.#keepalive?.sent()
        connection.send(frame)
      },
      close: (code, reason) => connection.close(code, reason),
      cut: () => connection.cut(),
    })
  }

  #received(frame: Frame): void {
    if (this.#machine.state.type !== 'open') return
    this.#keepalive?.heard()
    const { clock, backoff, pingEveryMs } = this.#options
    // An edge that welcomes and hangs up at once is not one that serves.
    if (clock.now() - this.#openedAt >= pingEveryMs) backoff.progressed()
    if (frame === PING) return this.#connection?.send(PONG)
    if (frame !== PONG) this.#options.onFrame(frame)
  }

  #ended(end: ConnectionEnd): void {
    this.#drop()
    const awayMs = this.#notBefore - this.#options.clock.now()
    const asked = awayMs > (end.retryAfterMs ?? 0) ? { ...end, retryAfterMs: awayMs } : end
    this.#machine.dispatch({ type: 'ended', end: asked, isPermanent: this.#options.isPermanent(end) })
  }

  /** Forgets the connection, and gives it to whoever wants it closed. */
  #drop(): Connection | undefined {
    const connection = this.#connection
    this.#keepalive?.stop()
    this.#keepalive = undefined
    this.#connection = undefined
    return connection
  }
}
