// The operator's identity provider, read from the variables of either host. Knows no host.
import * as v from 'valibot'
import { commaList } from '#shared/comma-list.ts'
import { SCOPES, type Scope } from '#shared/model/caller.ts'
import { invalid } from '#shared/fault.ts'
import type { IdentityProvider } from './identities.ts'

const isScope = (word: string): word is Scope => SCOPES.some((scope) => scope === word)

const ScopeList = v.pipe(
  v.string(),
  v.check((text) => commaList(text).every(isScope), `must be some of ${SCOPES.join(', ')}, with commas between`),
  v.transform((text) => commaList(text).filter(isScope)),
)
/** `theirs=ours,theirs=ours` */
const ScopeNames = v.pipe(
  v.string(),
  v.check(
    (text) => commaList(text).every((pair) => /^[^=]+=/.test(pair) && isScope(pair.split('=')[1] ?? '')),
    `must be pairs like voice.use=talk, with commas between; ours are ${SCOPES.join(', ')}`,
  ),
  v.transform((text) => Object.fromEntries(commaList(text).map((pair) => pair.split('='))) as Record<string, Scope>),
)
const Url = v.pipe(
  v.string(),
  v.check((text) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol), 'must be a URL (https:, http:)'),
)

/** Not empty: an empty one would check nothing. */
const word = v.pipe(v.string(), v.trim(), v.nonEmpty('must not be empty'))

export const IDENTITY_VARIABLES = {
  JWT_ISSUER: v.optional(word),
  JWT_AUDIENCE: v.optional(word),
  JWT_JWKS_URL: v.optional(Url),
  JWT_USER_CLAIM: v.optional(word, 'sub'),
  JWT_SCOPES_CLAIM: v.optional(word, 'scope'),
  JWT_SCOPE_NAMES: v.optional(ScopeNames, ''),
  JWT_DEFAULT_SCOPES: v.optional(ScopeList, 'talk,history:read,history:write'),
}
type Variables = v.InferOutput<v.ObjectSchema<typeof IDENTITY_VARIABLES, undefined>>

/** Undefined where none is configured. Throws FaultError invalid_message where a part is missing. */
export function identityProviderOf(variables: Variables): IdentityProvider | undefined {
  const { JWT_ISSUER: issuer, JWT_AUDIENCE: audience, JWT_JWKS_URL: jwksUrl } = variables
  if (issuer === undefined && audience === undefined && jwksUrl === undefined) return undefined
  if (issuer === undefined || audience === undefined || jwksUrl === undefined) {
    const issues = ['JWT_ISSUER, JWT_AUDIENCE, JWT_JWKS_URL: are needed together']
    throw invalid(issues)
  }
  return {
    issuer,
    audience,
    jwksUrl,
    userClaim: variables.JWT_USER_CLAIM,
    scopesClaim: variables.JWT_SCOPES_CLAIM,
    scopeNames: variables.JWT_SCOPE_NAMES,
    defaultScopes: variables.JWT_DEFAULT_SCOPES,
  }
}
