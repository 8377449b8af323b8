// Stands before a route: says who may come and how often, and describes it. The route finds its caller in the context. The one
// way in for everything under /api and /v1 that needs a key.
import type { Context, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { Caller, Scope } from '#shared/model/caller.ts'
import type { EdgePorts, Taken } from '#edge/ports.ts'
import { ruleOf, type RouteRate } from '#edge/limits/route-rates.ts'
import { FaultError } from '#shared/fault.ts'
import { callerOf, mayDo, type AuthPorts } from '#edge/http/access/auth.ts'
import { describe, type RouteDescription } from './describe.ts'

export interface OperationEnv {
  Variables: { caller: Caller }
}

export interface Operation extends Omit<RouteDescription, 'needs'> {
  /** What the key must be allowed; `key` for any. */
  needs: Scope | 'key'
  rate: RouteRate
  /** What shares one bucket, where that is more than one address of one method. */
  bucket?: string
}

export type OperationPorts = AuthPorts & Pick<EdgePorts, 'limits'>

export function operation(ports: OperationPorts, about: Operation): MiddlewareHandler<OperationEnv> {
  const { needs, rate, bucket } = about
  const guard: MiddlewareHandler<OperationEnv> = async (c, next) => {
    const caller = await callerOf(c, ports)
    if (needs !== 'key' && !mayDo(caller, needs)) throw new FaultError({ code: 'forbidden', action: needs })
    // A HEAD costs what its GET costs.
    const method = c.req.method === 'HEAD' ? 'GET' : c.req.method
    await spend(c, ports, { caller, rate, bucket: bucket ?? `${method} ${routePath(c)}` })
    c.set('caller', caller)
    await next()
  }
  // hono-openapi finds a description by a symbol of the handler.
  return Object.assign(guard, describe({ ...about, rate }))
}

/** Throws FaultError rate_limited. Tells the caller in headers how far he may still go. */
async function spend(
  c: Context,
  { limits, clock }: OperationPorts,
  { caller, rate, bucket }: { caller: Caller; rate: RouteRate; bucket: string },
): Promise<void> {
  const rule = ruleOf(rate, caller.limits.rateFactor)
  const taken = await limits.take(`key:${caller.keyId} ${bucket}`, rule, clock.now())
  tellLimit(c, rule.capacity, taken)
  if (!taken.ok) throw new FaultError({ code: 'rate_limited', retryAfterMs: taken.retryAfterMs })
}

/** In the words of OpenAI's API (platform.openai.com/docs/guides/rate-limits), whose clients know them. */
function tellLimit(c: Context, limit: number, { remaining, resetMs }: Taken): void {
  c.header('x-ratelimit-limit-requests', String(limit))
  c.header('x-ratelimit-remaining-requests', String(remaining))
  c.header('x-ratelimit-reset-requests', `${(resetMs / 1000).toFixed(3)}s`)
}
