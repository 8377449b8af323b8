// The fault that the edge tells before it closes a socket: why, and when to come again. Read by chat-client.ts.
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { FaultCode } from '#shared/fault.ts'
import type { FaultMessage } from '#shared/protocol/session-messages.ts'

export interface LastFault {
  code: FaultCode
  retryAfterMs: number
}

/** A numbered fault is a turn's, and no reason for the close of a socket; a code of a later version is not known here. */
export function lastFaultOf(message: FaultMessage): LastFault | undefined {
  if (message.seq !== undefined || !isFaultCode(message.code)) return undefined
  return { code: message.code, retryAfterMs: message.retryAfterMs ?? 0 }
}

const isFaultCode = (code: string): code is FaultCode => Object.hasOwn(FAULT_TABLE, code)
