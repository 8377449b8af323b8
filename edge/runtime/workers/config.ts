// The edge's settings on Workers: variables and secrets of wrangler.toml and the account, read and checked once by each
// isolate and object. Everything else gets plain values. The names are those of the Node host.
import * as v from 'valibot'
import { CORS_VARIABLES } from '#edge/http/access/cors-config.ts'
import type { IdentityProvider } from '#edge/http/access/identities.ts'
import { IDENTITY_VARIABLES, identityProviderOf } from '#edge/http/access/identity-config.ts'
import { meteringOf, QUOTA_VARIABLES } from '#edge/limits/quota-config.ts'
import { ADDRESS_RATE } from '#edge/limits/route-rates.ts'
import type { Metering } from '#edge/store/quotas.ts'
import manifest from '#package.json' with { type: 'json' }
import { invalid } from '#shared/fault.ts'
import { LOG_LEVELS, type LogLevel } from './log.ts'

export interface EdgeConfig {
  databaseUrl: string
  databaseAuthToken: string | undefined
  metricsToken: string | undefined
  publicOrigin: string | undefined
  signingSecret: string
  /** Origins of other sites whose pages may read the API with a key. */
  corsOrigins: string[]
  /** A minute's requests of one network address; 0 for any number. */
  addressRate: number
  /** Undefined where callers come by keys only. */
  identityProvider: IdentityProvider | undefined
  /** What users may use up, and what engines cost. */
  metering: Metering
  logLevel: LogLevel
  version: string
}

/** Shorter ones can be guessed. */
const MIN_TOKEN_CHARS = 16
const MIN_SIGNING_CHARS = 32

const address = (...protocols: string[]) =>
  v.pipe(
    v.string(),
    v.check(
      (text) => URL.canParse(text) && protocols.includes(new URL(text).protocol),
      `must be an address that begins with ${protocols.join(' or ')}`,
    ),
  )
const secret = (minChars: number) =>
  v.pipe(v.string(), v.minLength(minChars, `must have ${minChars} characters or more`))

const Variables = v.object({
  DATABASE_URL: address('libsql:', 'https:', 'http:'),
  DATABASE_AUTH_TOKEN: v.optional(v.string()),
  METRICS_TOKEN: v.optional(secret(MIN_TOKEN_CHARS)),
  PUBLIC_ORIGIN: v.optional(address('https:', 'http:')),
  SIGNING_SECRET: secret(MIN_SIGNING_CHARS),
  ADDRESS_RATE: v.optional(
    v.pipe(v.string(), v.regex(/^\d{1,8}$/, 'must be a whole number from 0'), v.transform(Number)),
    String(ADDRESS_RATE),
  ),
  ...CORS_VARIABLES,
  ...IDENTITY_VARIABLES,
  ...QUOTA_VARIABLES,
  LOG_LEVEL: v.optional(v.picklist(LOG_LEVELS), 'info'),
})

/** Throws FaultError invalid_message; each issue names the variable and what is allowed. */
export function readEdgeConfig(bindings: Record<string, unknown>): EdgeConfig {
  const read = v.safeParse(Variables, bindings)
  if (!read.success) {
    const issues = read.issues.map((issue) => `${v.getDotPath(issue) ?? ''}: ${issue.message}`)
    throw invalid(issues)
  }
  const { output: e } = read
  return {
    databaseUrl: e.DATABASE_URL,
    databaseAuthToken: e.DATABASE_AUTH_TOKEN,
    metricsToken: e.METRICS_TOKEN,
    publicOrigin: e.PUBLIC_ORIGIN && new URL(e.PUBLIC_ORIGIN).origin,
    signingSecret: e.SIGNING_SECRET,
    addressRate: e.ADDRESS_RATE,
    corsOrigins: e.CORS_ORIGINS,
    identityProvider: identityProviderOf(e),
    metering: meteringOf(e),
    logLevel: e.LOG_LEVEL,
    version: manifest.version,
  }
}
