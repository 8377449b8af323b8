// Callers by the JSON Web Tokens of the operator's own identity provider: verified by its published keys (JWKS, RFC 7517), their
// claims mapped to a user and to scopes. Knows no route.
import { decodeHeader, verifyWithJwks } from 'hono/utils/jwt/jwt'
import type { AsymmetricAlgorithm } from 'hono/utils/jwt/jwa'
import type { HonoJsonWebKey } from 'hono/utils/jwt/jws'
import * as v from 'valibot'
import { SCOPES, type Scope } from '#shared/model/caller.ts'
import type { EdgePorts, Identities } from '#edge/ports.ts'
import { FaultError } from '#shared/fault.ts'
import { sha256Hex } from '#shared/token.ts'

/** The provider as the operator configures it; see .env.example. */
export interface IdentityProvider {
  issuer: string
  audience: string
  /** Where its keys are published. */
  jwksUrl: string
  /** The claim that names the user for ever. */
  userClaim: string
  /** The claim that holds scopes: a list, or words with spaces between (RFC 8693 §4.2). */
  scopesClaim: string
  /** The provider's word for a scope → ours; a word that is one of ours needs no entry. */
  scopeNames: Record<string, Scope>
  /** For a token whose claim names no scope. */
  defaultScopes: Scope[]
}

/** Only asymmetric ones, because a provider's keys are public. RFC 8725 §3.1 asks for such a list. */
const ALGORITHMS: readonly AsymmetricAlgorithm[] = ['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA']
/** Providers rotate keys daily. An unknown key id makes us ask earlier, but not once for every made-up token. */
const KEYS_GOOD_MS = 10 * 60_000
const KEYS_AGAIN_MS = 30_000
const FETCH_WITHIN_MS = 5_000
/** A provider publishes a handful. */
const MAX_KEYS = 100
const MAX_TOKEN_CHARS = 8 * 1024
const USER_ID_CHARS = 32

const KeySet = v.object({
  keys: v.pipe(v.array(v.looseObject({ kid: v.optional(v.string()), kty: v.string() })), v.maxLength(MAX_KEYS)),
})
const Words = v.union([
  v.array(v.string()),
  v.pipe(
    v.string(),
    v.transform((text) => text.split(' ')),
  ),
])

/** Three parts with dots between them (RFC 7519 §3). None of our own secrets looks like that. */
export const isJsonWebToken = (bearer: string): boolean => bearer.split('.').length === 3

type Ports = { store: { keys: Pick<EdgePorts['store']['keys'], 'callerByIdentity'> }; log: EdgePorts['log'] }

export function createIdentities(provider: IdentityProvider, { store, log }: Ports): Identities {
  const keys = createKeySource(provider.jwksUrl, log)
  return {
    /** Undefined for a token that is not good. Throws FaultError unavailable where the provider's keys cannot be had. */
    async callerOf(token, now) {
      const claims = await verified(token, provider, keys, now)
      const subject = claims?.[provider.userClaim]
      if (typeof subject !== 'string' || subject === '') return undefined
      const digest = (await sha256Hex(`${provider.issuer}\n${subject}`)).slice(0, USER_ID_CHARS)
      const scopes = scopesOf(claims?.[provider.scopesClaim], provider)
      // A token without `iat` counts as the oldest one.
      const issuedAt = (typeof claims?.['iat'] === 'number' ? claims['iat'] : 0) * 1_000
      const identity = { userId: `usr_${digest}`, keyId: `key_${digest}`, scopes, issuedAt, now } as const
      const caller = await store.keys.callerByIdentity(identity)
      const until = Number(claims?.['exp']) * 1_000
      return caller && { ...caller, endsAt: until, token: { scopes, until } }
    },
  }
}

async function verified(
  token: string,
  { issuer, audience }: IdentityProvider,
  keys: (kid: string, now: number) => Promise<HonoJsonWebKey[]>,
  now: number,
): Promise<Record<string, unknown> | undefined> {
  if (token.length > MAX_TOKEN_CHARS) return undefined
  const kid = keyIdOf(token)
  if (kid === undefined) return undefined
  const found = await keys(kid, now)
  try {
    // `iat` is not checked: a provider whose clock is a second ahead must not lock its callers out, and iat promises nothing (RFC 7519 §4.1.6).
    const verification = { iss: issuer, aud: audience, exp: true, nbf: true, iat: false }
    const claims = await verifyWithJwks(token, { keys: found, allowedAlgorithms: ALGORITHMS, verification })
    // hono accepts a token without `exp` as one that never expires.
    return typeof claims.exp === 'number' ? claims : undefined
  } catch {
    return undefined
  }
}

function keyIdOf(token: string): string | undefined {
  try {
    return decodeHeader(token).kid
  } catch {
    return undefined
  }
}

function scopesOf(claim: unknown, { scopeNames, defaultScopes }: IdentityProvider): Scope[] {
  const words = v.safeParse(Words, claim)
  if (!words.success) return defaultScopes
  const named = new Set(words.output.map((word) => scopeNames[word] ?? word))
  return SCOPES.filter((scope) => named.has(scope))
}

/**
 * The provider's keys. Old ones serve while new ones are fetched, so that a provider that hangs delays nobody whose key is known; for a
 * key that is not among them the fetch is waited for, and tried again no sooner than KEYS_AGAIN_MS later.
 */
function createKeySource(url: string, log: EdgePorts['log']): (kid: string, now: number) => Promise<HonoJsonWebKey[]> {
  let known: HonoJsonWebKey[] = []
  let knownAt = -Infinity
  let tried: { at: number; done: Promise<unknown> } | undefined
  const refresh = (now: number): Promise<unknown> => {
    if (tried && now - tried.at < KEYS_AGAIN_MS) return tried.done
    const fetched = fetchKeys(url).then((keys) => {
      known = keys
      knownAt = now
    })
    const done = fetched.catch((error: unknown) => {
      log.warn({ error }, 'cannot fetch the keys of the identity provider')
      return error
    })
    tried = { at: now, done }
    return done
  }
  return async (kid, now) => {
    const isKnown = (): boolean => known.some((key) => key.kid === kid)
    if (isKnown()) {
      if (now - knownAt >= KEYS_GOOD_MS) void refresh(now)
      return known
    }
    const cause = await refresh(now)
    if (!isKnown() && cause !== undefined)
      throw new FaultError({ code: 'unavailable', what: 'identity provider', retryAfterMs: KEYS_AGAIN_MS }, { cause })
    return known
  }
}

async function fetchKeys(url: string): Promise<HonoJsonWebKey[]> {
  const answer = await fetch(url, { signal: AbortSignal.timeout(FETCH_WITHIN_MS), redirect: 'manual' })
  if (!answer.ok) throw new Error(`the provider answered ${answer.status}`)
  // `kid` is optional (RFC 7517 §4.5); a key without it can never be chosen.
  return v.parse(KeySet, await answer.json()).keys.filter(({ kid }) => kid !== undefined) as HonoJsonWebKey[]
}
