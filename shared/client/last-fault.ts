// What the edge tells before it closes a socket: the fault that is the reason, and when to come again. Kept by chat-client.ts.
import type { Clock } from '#shared/clock.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { FaultCode } from '#shared/fault.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'

/** The close follows its fault at once; what was told longer ago has nothing to do with it. */
const CLOSE_FOLLOWS_MS = 2_000

interface ToldFault {
  code: FaultCode
  retryAfterMs: number
}

export class LastFault {
  readonly #clock: Clock
  #told: (ToldFault & { at: number }) | undefined
  #notBefore = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Keeps what it says of the end, and gives a fault's code; none for a turn's (numbered), nor for a code of a later version. */
  tell(message: ChatDown): FaultCode | undefined {
    const now = this.#clock.now()
    if (message.type === 'goaway') this.#notBefore = now + message.retryAfterMs
    if (message.type !== 'fault' || message.seq !== undefined || !isFaultCode(message.code)) return undefined
    this.#told = { code: message.code, retryAfterMs: message.retryAfterMs ?? 0, at: now }
    return message.code
  }

  /** The reason for a close that happens now. */
  now(): ToldFault | undefined {
    const told = this.#told
    return told !== undefined && this.#clock.now() - told.at <= CLOSE_FOLLOWS_MS ? told : undefined
  }

  /** The fault by which the edge ended a session, where it is one that a caller can act on: a quota that is used up. */
  behind(reason: EndReason): EndReason | FaultCode {
    const code = reason === 'fault' ? this.#told?.code : undefined
    return code === 'quota_exhausted' ? code : reason
  }

  /** How long to wait at least: what a fault asked for, or what is left of what goaway asked for. */
  waitMs(retryAfterMs: number): number {
    return Math.max(retryAfterMs, this.#notBefore - this.#clock.now())
  }
}

const isFaultCode = (code: string): code is FaultCode => Object.hasOwn(FAULT_TABLE, code)
