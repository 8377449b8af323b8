// What a refusal looks like on HTTP: problem details (RFC 9457) with the fault as an extension member. Used wherever a route, a
// host or a bound refuses. Knows no route.
import * as v from 'valibot'
import { FAULT_TABLE, publicFault } from '#shared/fault-table.ts'
import type { Fault } from '#shared/fault.ts'

/** RFC 9457 §3. `type` is the place in /docs that explains the code; `fault` is what the wires say of the same fault. */
export const Problem = v.object({
  type: v.string(),
  title: v.string(),
  status: v.number(),
  /** The field or limit at fault, where there is one. */
  field: v.optional(v.string()),
  /** W3C trace id of the request, by which the operator finds it in the log. */
  traceId: v.optional(v.string()),
  fault: v.looseObject({ code: v.string(), message: v.string() }),
})
export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

/** Has Retry-After (RFC 9110 §10.2.3) where waiting helps. `instead`: a status that fits better than that of the table. */
export function answerOf(fault: Fault, traceId?: string, instead?: { status: 405; allow: string }): Response {
  const shown = publicFault(fault)
  const { http, text: title } = FAULT_TABLE[fault.code]
  const status = instead?.status ?? http
  const headers = new Headers({ 'content-type': PROBLEM_MEDIA_TYPE })
  if (shown.retryAfterMs !== undefined) headers.set('retry-after', String(Math.ceil(shown.retryAfterMs / 1000)))
  if (instead) headers.set('allow', instead.allow)
  if (fault.code === 'unsupported_version') {
    // RFC 9110 §15.5.22 and RFC 6455 §4.4: these name what is spoken.
    headers.set('upgrade', 'websocket')
    headers.set('sec-websocket-version', '13')
  }
  if (fault.code === 'unauthenticated') headers.set('www-authenticate', 'Bearer')
  const field = fieldOf(fault)
  const problem: v.InferOutput<typeof Problem> = {
    type: `/docs#${fault.code}`,
    title,
    status,
    ...(field !== undefined && { field }),
    ...(traceId !== undefined && { traceId }),
    fault: { ...shown },
  }
  return Response.json(problem, { status, headers })
}

function fieldOf(fault: Fault): string | undefined {
  if (fault.code === 'too_large') return fault.limit
  if (fault.code !== 'invalid_message') return undefined
  return /^([\w.[\]-]+): /.exec(fault.issues[0] ?? '')?.[1]
}
