// Who a request is from: a node's token, an API key in the Authorization header, or a browser's signed cookie that names its key. A cookie
// rides along from any page, so with it the Origin must be ours wherever something changes or a socket opens.
import type { Context, MiddlewareHandler } from 'hono'
import { deleteCookie, getCookie, getSignedCookie, setSignedCookie } from 'hono/cookie'
import type { EdgePorts } from '#edge/ports.ts'
import { DAY_MS } from '#shared/day.ts'
import type { Caller, Scope } from '#shared/model/caller.ts'
import { FaultError, type Unproved } from '#shared/fault.ts'
import type { NodeId } from '#shared/ids.ts'
import { isJsonWebToken } from './identities.ts'
import { callerByReference, referenceOf } from './key-reference.ts'
import { isUpgrade } from '#edge/http/plumbing/request-log.ts'

export type AuthPorts = Pick<EdgePorts, 'clock' | 'store' | 'settings'> & { identities?: EdgePorts['identities'] }

const COOKIE = 'parley_session'
/** A browser signs in again after this; a revoked key ends its cookies at once. */
const COOKIE_VALID_MS = 30 * DAY_MS

/** The token of `Authorization: Bearer …` (RFC 6750 §2.1). */
export function bearerOf(c: Context): string | undefined {
  return /^Bearer +([\w.~+/-]+=*) *$/i.exec(c.req.header('authorization') ?? '')?.[1]
}

/** Throws FaultError unauthenticated, or forbidden for a cookie or a key on a foreign page. */
export async function callerOf(c: Context, ports: AuthPorts): Promise<Caller> {
  const hasHeader = c.req.header('authorization') !== undefined
  const caller = hasHeader ? await callerOfBearer(c, ports) : await callerOfCookie(c, ports)
  if (!caller) throw unproved(hasHeader ? 'key' : getCookie(c, COOKIE) === undefined ? 'missing' : 'cookie')
  requireAllowedOrigin(c, caller)
  return caller
}

/** The refusal of a request whose secret was missing or no good. */
export const unproved = (reason: Unproved): FaultError => new FaultError({ code: 'unauthenticated', reason })

/** Throws FaultError forbidden, which names the scope. */
export function requireScope(caller: Pick<Caller, 'scopes'>, scope: Scope): void {
  if (!mayDo(caller, scope)) throw new FaultError({ code: 'forbidden', action: scope, needs: scope })
}

export function mayDo({ scopes }: Pick<Caller, 'scopes'>, scope: Scope): boolean {
  return scopes.includes('admin') || scopes.includes(scope)
}

/** The node that the token belongs to. Throws FaultError unauthenticated. */
export async function nodeOf(c: Context, { store }: { store: Pick<EdgePorts['store'], 'nodes'> }): Promise<NodeId> {
  const token = bearerOf(c)
  const node = token === undefined ? undefined : await store.nodes.nodeByToken(token)
  if (!node) throw unproved(token === undefined ? 'missing' : 'key')
  return node.nodeId
}

/** A key, or a token of the operator's identity provider. */
async function callerOfBearer(c: Context, ports: AuthPorts): Promise<Caller | undefined> {
  const bearer = bearerOf(c)
  return bearer === undefined ? undefined : callerByBearer(bearer, ports)
}

/** Undefined for one that is no good. Throws FaultError unavailable where the identity provider's keys cannot be had. */
export async function callerByBearer(
  bearer: string,
  {
    clock,
    store,
    identities,
  }: { clock: AuthPorts['clock']; store: Pick<AuthPorts['store'], 'keys'> } & Pick<AuthPorts, 'identities'>,
): Promise<Caller | undefined> {
  const now = clock.now()
  return isJsonWebToken(bearer) ? identities?.callerOf(bearer, now) : store.keys.callerByKey(bearer, now)
}

/** Programs send no Origin; a page that does must be one of the key's. Throws FaultError forbidden. */
export function requireAllowedOrigin(c: Context, { origins }: Pick<Caller, 'origins'>): void {
  const origin = c.req.header('origin')
  if (origins === null || origin === undefined || origins.includes(origin)) return
  throw new FaultError({ code: 'forbidden', action: 'origin' })
}

// --- the cookie ---

async function callerOfCookie(c: Context, ports: AuthPorts): Promise<Caller | undefined> {
  const value = await getSignedCookie(c, ports.settings.signingSecret, COOKIE)
  if (!value) return undefined
  const [reference = '', expiresAt = ''] = value.split('.')
  if (!(Number(expiresAt) > ports.clock.now())) return undefined
  if (c.req.method !== 'GET' || isUpgrade(c.req.header('upgrade'))) requireOwnOrigin(c, ports)
  return callerByReference(ports.store.keys, reference, ports.clock.now())
}

export async function setCookieFor(c: Context, { clock, settings }: AuthPorts, caller: Caller): Promise<void> {
  const now = clock.now()
  const expiresAt = Math.min(now + COOKIE_VALID_MS, caller.token?.until ?? Infinity)
  const ownUrl = settings.publicOrigin ?? c.req.url
  await setSignedCookie(c, COOKIE, `${referenceOf(caller)}.${expiresAt}`, settings.signingSecret, {
    httpOnly: true,
    sameSite: 'Strict',
    secure: ownUrl.startsWith('https:'),
    path: '/',
    maxAge: Math.ceil((expiresAt - now) / 1000),
  })
}

export function dropCookie(c: Context): void {
  if (getCookie(c, COOKIE) !== undefined) deleteCookie(c, COOKIE, { path: '/' })
}

/**
 * Throws FaultError forbidden. Browsers send the Origin with every request that is not a GET and with every WebSocket
 * (Fetch §3.1, RFC 6455 §10.2), so a missing one is refused as well.
 */
function requireOwnOrigin(c: Context, { settings }: Pick<AuthPorts, 'settings'>): void {
  const origin = c.req.header('origin')
  if (origin === undefined || !isOwnOrigin(c, settings, origin))
    throw new FaultError({ code: 'forbidden', action: 'origin' })
}

/** Before a route that needs no cookie: only a page of another origin is refused. */
export function ownPageOnly({ settings }: Pick<AuthPorts, 'settings'>): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header('origin')
    if (origin !== undefined && !isOwnOrigin(c, settings, origin))
      throw new FaultError({ code: 'forbidden', action: 'origin' })
    await next()
  }
}

/** Without a configured origin the Host counts and the scheme does not: a proxy may have ended TLS. */
function isOwnOrigin(c: Context, { publicOrigin }: AuthPorts['settings'], origin: string): boolean {
  if (publicOrigin !== undefined && origin === new URL(publicOrigin).origin) return true
  if (publicOrigin !== undefined || !URL.canParse(origin)) return false
  return new URL(origin).host === c.req.header('host')
}
