// How a connection to the edge ended, and what to do about it: dial again, or stop. Pure; used by both sockets of the tunnel.
// Does not dial and does not wait.
import * as v from 'valibot'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { FaultCode } from '#shared/fault.ts'
import { CLOSE_NORMAL, CLOSE_REPLACED } from '#shared/protocol/close-codes.ts'

/** A refusal's body is one fault. More than this is some proxy's page, of which only the status counts. */
export const MAX_REFUSAL_BYTES = 4 * 1024
/** Longest wait that an edge may ask for; a broken clock or proxy must not put a node to sleep for a day. */
const MAX_RETRY_AFTER_MS = 5 * 60_000

/** The end of one connection: refused by HTTP, failed on the way, or closed after it was open. */
export interface ConnectionEnd {
  wasOpen: boolean
  /** HTTP status of a refused upgrade. */
  status?: number
  closeCode?: number
  /** The fault's code where the edge named one. */
  code?: string
  retryAfterMs?: number
  /** We broke it ourselves. */
  isBug?: boolean
  /** For the log: never holds a token. */
  reason: string
}

/** Faults after which another try with the same credentials can only fail again. */
const ALWAYS_PERMANENT: FaultCode[] = ['unauthenticated', 'forbidden', 'unsupported_version']
/** On a data socket also: the session is unknown, elsewhere, or has another epoch. */
const PERMANENT_FOR_A_SESSION: FaultCode[] = [...ALWAYS_PERMANENT, 'not_found', 'conflict', 'stale_epoch']

/** Also when another program with this node's token took its place: two would take it from each other for ever. */
export const isPermanentForNode = (end: ConnectionEnd): boolean =>
  end.closeCode === CLOSE_REPLACED || matches(end, ALWAYS_PERMANENT)

/** Also after a bug of ours: the frame that met it would be sent again and meet it again. */
export const isPermanentForSession = (end: ConnectionEnd): boolean =>
  end.isBug === true ||
  end.closeCode === CLOSE_NORMAL ||
  end.closeCode === CLOSE_REPLACED ||
  matches(end, PERMANENT_FOR_A_SESSION)

function matches(end: ConnectionEnd, codes: FaultCode[]): boolean {
  return codes.some((code) => {
    const { http, close } = FAULT_TABLE[code]
    return end.status === http || end.closeCode === close
  })
}

const Body = v.object({ fault: v.object({ code: v.string(), retryAfterMs: v.optional(v.number()) }) })

/** Reads the HTTP answer that refused an upgrade: `{fault: {code, retryAfterMs}}`, or any proxy's. */
export function readRefusal(status: number, retryAfter: string | undefined, body: string): ConnectionEnd {
  const fault = parseBody(body)
  const seconds = retryAfter !== undefined && /^\d{1,6}$/.test(retryAfter) ? Number(retryAfter) : undefined
  const asked = fault?.retryAfterMs ?? (seconds === undefined ? undefined : seconds * 1000)
  const retryAfterMs = asked === undefined ? undefined : Math.min(Math.max(asked, 0), MAX_RETRY_AFTER_MS)
  const reason = fault ? `HTTP ${status} ${fault.code}` : `HTTP ${status}`
  return { wasOpen: false, status, code: fault?.code, retryAfterMs, reason }
}

function parseBody(body: string): v.InferOutput<typeof Body>['fault'] | undefined {
  try {
    const parsed = v.safeParse(Body, JSON.parse(body))
    return parsed.success ? parsed.output.fault : undefined
  } catch {
    return undefined
  }
}
