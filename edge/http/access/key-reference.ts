// How a cookie, a ticket or a client secret names its caller: by the key, and for a token of an identity provider also by the token's scopes
// and end. What is derived from a token allows no more and lasts no longer than the token. Pure but for the look-up.
import type { EdgePorts } from '#edge/ports.ts'
import { SCOPES, type Caller, type Scope } from '#shared/model/caller.ts'
import { isId } from '#shared/ids.ts'

/** `key_…`, or `key_…~until~scope+scope`. It has no dot, so that a cookie can append its own end after one. */
export function referenceOf({ keyId, token }: Pick<Caller, 'keyId' | 'token'>): string {
  return token ? `${keyId}~${token.until}~${token.scopes.join('+')}` : keyId
}

/** Undefined where the key is no longer good or the token has ended. */
export async function callerByReference(
  keys: Pick<EdgePorts['store']['keys'], 'callerById'>,
  reference: string,
  now: number,
): Promise<Caller | undefined> {
  const [keyId = '', until, words = ''] = reference.split('~')
  if (!isId('apiKey', keyId)) return undefined
  if (until !== undefined && !(Number(until) > now)) return undefined
  const caller = await keys.callerById(keyId, now)
  if (!caller || until === undefined) return caller
  const allowed = scopesIn(words)
  const scopes = caller.scopes.filter((scope) => allowed.includes(scope))
  const endsAt = Math.min(Number(until), caller.endsAt ?? Infinity)
  return { ...caller, scopes, endsAt, token: { until: Number(until), scopes } }
}

const scopesIn = (words: string): Scope[] => {
  const named = new Set(words.split('+'))
  return SCOPES.filter((scope) => named.has(scope))
}
