// The secret of a browser: good for minutes and for talking only. It is signed, not stored; its key is looked up at each use, so that
// revoking the key ends it. Minted by client-secrets.ts, traded for a caller by connect.ts.
import { sign, verify } from 'hono/utils/jwt/jwt'
import type { EdgePorts } from '#edge/ports.ts'
import type { Caller } from '#shared/model/caller.ts'
import { newSecret } from '#shared/token.ts'
import { callerByReference, referenceOf } from './key-reference.ts'

export const CLIENT_SECRET_PREFIX = 'ek_'
const AUDIENCE = 'parley.client-secret'

/** `expiresAt`: in seconds since the epoch, as JWTs count. */
export async function signClientSecret(
  caller: Caller,
  expiresAt: number,
  { settings }: Pick<EdgePorts, 'settings'>,
): Promise<string> {
  const claims = { aud: AUDIENCE, sub: referenceOf(caller), exp: expiresAt, jti: newSecret('', 9) }
  return CLIENT_SECRET_PREFIX + (await sign(claims, settings.signingSecret, 'HS256'))
}

/** The caller behind a secret. Undefined where we did not sign it, where it has expired, or where its key is no longer good. */
export async function callerByClientSecret(
  secret: string,
  { clock, store, settings }: Pick<EdgePorts, 'clock' | 'settings'> & { store: Pick<EdgePorts['store'], 'keys'> },
): Promise<Caller | undefined> {
  const { sub, exp } = await claimsOf(secret.slice(CLIENT_SECRET_PREFIX.length), settings.signingSecret)
  // By our own clock, which tests set, and not by the library's.
  if (typeof exp !== 'number' || exp * 1000 <= clock.now()) return undefined
  return typeof sub === 'string' ? callerByReference(store.keys, sub, clock.now()) : undefined
}

/** No claims where we have not signed the secret. */
async function claimsOf(token: string, key: string): Promise<{ sub?: unknown; exp?: unknown }> {
  try {
    return await verify(token, key, { alg: 'HS256', aud: AUDIENCE, exp: false })
  } catch {
    return {}
  }
}
