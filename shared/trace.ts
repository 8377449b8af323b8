// W3C Trace Context (Recommendation of 2021-11-23, §3.2): one trace a turn, from the caller's edge to the engines.

const TRACEPARENT = /^00-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}$/

/** A traceparent with a new trace id, sampled. */
export const newTraceparent = (): string => `00-${randomHex(16)}-${randomHex(8)}-01`

/** The same trace, another span; a new trace when the parent cannot be read (§3.2.2.5). */
export function childOf(traceparent: string): string {
  const traceId = traceIdOf(traceparent)
  return traceId === undefined ? newTraceparent() : `00-${traceId}-${randomHex(8)}-01`
}

export function traceIdOf(traceparent: string): string | undefined {
  return TRACEPARENT.exec(traceparent)?.[1]
}

function randomHex(bytes: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join(
    '',
  )
}
