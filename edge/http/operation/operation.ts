// Stands before a route and is all that the route says of itself: who may come and how often, what it takes, answers and refuses. Lets
// callers in, reads and checks what they bring, and is what /openapi.json is made of. Handlers find the caller by `c.get('caller')` and
// what he brought by `c.req.valid('query' | 'json' | 'form')`. Knows no route.
import type { Context, Env, MiddlewareHandler } from 'hono'
import { routePath } from 'hono/route'
import type { BlankEnv } from 'hono/types'
import { findTargetHandler } from 'hono/utils/handler'
import type { EdgePorts, Taken } from '#edge/ports.ts'
import type { Caller, Scope } from '#shared/model/caller.ts'
import { ruleOf, type RouteRate } from '#edge/limits/route-rates.ts'
import { FaultError } from '#shared/fault.ts'
import { callerOf, requireScope, type AuthPorts } from '#edge/http/access/auth.ts'
import type { RouteDescription } from './describe.ts'
import { readInput, type Valid } from './read-input.ts'

export interface OperationEnv {
  Variables: { caller: Caller }
}

export interface Operation extends RouteDescription {
  /** What the key must be allowed; `key` for any. */
  needs: Scope | 'key'
  rate: RouteRate
  /** What shares one bucket, where that is more than one address of one method. */
  bucket?: string
}

export type OperationPorts = AuthPorts & Pick<EdgePorts, 'limits'>
type Handler<E extends Env, O> = MiddlewareHandler<E, string, Valid<O>>

/** A route for whoever has a key, a token or a cookie. In this order: who it is, what he may, how often, what he brings. */
export function operation<const O extends Operation>(ports: OperationPorts, about: O): Handler<OperationEnv, O> {
  const { needs, rate, bucket } = about
  const guard: MiddlewareHandler<OperationEnv> = async (c, next) => {
    const caller = await callerOf(c, ports)
    if (needs !== 'key') requireScope(caller, needs)
    // A HEAD costs what its GET costs.
    const method = c.req.method === 'HEAD' ? 'GET' : c.req.method
    await spend(c, ports, { caller, rate, bucket: bucket ?? `${method} ${routePath(c)}` })
    c.set('caller', caller)
    await readInput(c, about)
    await next()
  }
  return described(guard, about)
}

/** A route for everybody. */
export function openOperation<const O extends Omit<RouteDescription, 'needs'>>(about: O): Handler<BlankEnv, O> {
  const guard: MiddlewareHandler<BlankEnv> = async (c, next) => {
    await readInput(c, about)
    await next()
  }
  return described(guard, { ...about, needs: 'none' })
}

// --- what a handler says of itself ---

const DESCRIPTION = Symbol('description')

function described<E extends Env, O>(guard: MiddlewareHandler<E>, about: RouteDescription): Handler<E, O> {
  return Object.assign(guard, { [DESCRIPTION]: about }) as unknown as Handler<E, O>
}

/** Undefined for what is no operation. `handler` may be wrapped by Hono. */
export function descriptionOf(handler: Parameters<typeof findTargetHandler>[0]): RouteDescription | undefined {
  return (findTargetHandler(handler) as { [DESCRIPTION]?: RouteDescription })[DESCRIPTION]
}

// --- rates ---

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
