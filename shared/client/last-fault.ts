// The fault that the edge tells before it closes a socket: why, and when to come again. Kept by chat-client.ts.
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { FaultCode } from '#shared/fault.ts'
import type { FaultMessage } from '#shared/protocol/session-messages.ts'

/** The close follows its fault at once; what was told longer ago has nothing to do with it. */
const CLOSE_FOLLOWS_MS = 2_000

interface ToldFault {
  code: FaultCode
  retryAfterMs: number
}

export class LastFault {
  #told: (ToldFault & { at: number }) | undefined

  /** Keeps the fault and gives its code; none for a turn's fault (numbered), nor for a code of a later version. */
  tell(message: FaultMessage, now: number): FaultCode | undefined {
    if (message.seq !== undefined || !isFaultCode(message.code)) return undefined
    this.#told = { code: message.code, retryAfterMs: message.retryAfterMs ?? 0, at: now }
    return message.code
  }

  /** The reason for a close that happens now. */
  at(now: number): ToldFault | undefined {
    return this.#told !== undefined && now - this.#told.at <= CLOSE_FOLLOWS_MS ? this.#told : undefined
  }
}

const isFaultCode = (code: string): code is FaultCode => Object.hasOwn(FAULT_TABLE, code)
