// POST /v1/realtime/client_secrets, in the shape of OpenAI's API (platform.openai.com/docs/api-reference/realtime-sessions): a
// secret that a browser may hold, good for minutes and for talking only. It is signed, not stored; its key is looked up at
// each use, so that revoking the key ends it.
import { Hono } from 'hono'
import { sign, verify } from 'hono/utils/jwt/jwt'
import * as v from 'valibot'
import type { Caller } from '#shared/model/caller.ts'
import type { EdgePorts } from '#edge/ports.ts'
import { newSecret } from '#shared/token.ts'
import { callerByReference, referenceOf } from '#edge/http/access/key-reference.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'

export const CLIENT_SECRET_PREFIX = 'ek_'
const AUDIENCE = 'parley.client-secret'
const MIN_SECONDS = 10
const MAX_SECONDS = 7_200
const DEFAULT_SECONDS = 600

const Wanted = named(
  'ClientSecretRequest',
  v.object({
    expires_after: v.optional(
      v.object({
        anchor: v.optional(v.literal('created_at'), 'created_at'),
        seconds: v.pipe(v.number(), v.integer(), v.minValue(MIN_SECONDS), v.maxValue(MAX_SECONDS)),
      }),
    ),
    session: v.optional(v.looseObject({ type: v.optional(v.literal('realtime'), 'realtime') })),
  }),
)
const ClientSecret = named(
  'ClientSecret',
  v.object({
    value: v.string(),
    /** Seconds since the epoch. */
    expires_at: v.number(),
    session: v.object({ type: v.literal('realtime'), object: v.literal('realtime.session'), id: v.string() }),
  }),
)

export function clientSecretRoutes(ports: OperationPorts) {
  const mint = operation(ports, {
    summary: 'A secret for a browser or an app, which opens /ws/chat until it expires',
    tag: 'talk',
    needs: 'talk',
    rate: 'ticket',
    body: Wanted,
    answers: { 200: ClientSecret },
  })
  return new Hono<OperationEnv>().post('/realtime/client_secrets', mint, async (c) => {
    const { expires_after } = c.req.valid('json')
    const createdAt = Math.floor(ports.clock.now() / 1000)
    const caller = c.get('caller')
    const wanted = createdAt + (expires_after?.seconds ?? DEFAULT_SECONDS)
    const expiresAt = Math.min(wanted, Math.floor((caller.token?.until ?? Infinity) / 1000))
    const claims = { aud: AUDIENCE, sub: referenceOf(caller), exp: expiresAt, jti: newSecret('', 9) }
    const value = CLIENT_SECRET_PREFIX + (await sign(claims, ports.settings.signingSecret, 'HS256'))
    const session = { type: 'realtime', object: 'realtime.session', id: newSecret('sess_', 12) } as const
    return c.json({ value, expires_at: expiresAt, session })
  })
}

/** The caller behind a secret; undefined for one that is not ours, is too old, or whose key is good no more. */
export async function callerByClientSecret(
  secret: string,
  { clock, store, settings }: Pick<EdgePorts, 'clock' | 'settings'> & { store: Pick<EdgePorts['store'], 'keys'> },
): Promise<Caller | undefined> {
  const { sub, exp } = await claimsOf(secret.slice(CLIENT_SECRET_PREFIX.length), settings.signingSecret)
  // Our own clock, not the library's: tests and rooms live by it.
  if (typeof exp !== 'number' || exp * 1000 <= clock.now()) return undefined
  return typeof sub === 'string' ? callerByReference(store.keys, sub, clock.now()) : undefined
}

/** None of a secret that we have not signed. */
async function claimsOf(token: string, key: string): Promise<{ sub?: unknown; exp?: unknown }> {
  try {
    return await verify(token, key, { alg: 'HS256', aud: AUDIENCE, exp: false })
  } catch {
    return {}
  }
}
