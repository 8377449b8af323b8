// The edge's settings on Node: the environment, read and checked once at the start. Everything else gets plain values.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as v from 'valibot'
import { CORS_VARIABLES } from '#edge/http/access/cors-config.ts'
import type { IdentityProvider } from '#edge/http/access/identities.ts'
import { IDENTITY_VARIABLES, identityProviderOf } from '#edge/http/access/identity-config.ts'
import { meteringOf, QUOTA_VARIABLES } from '#edge/limits/quota-config.ts'
import type { ConnectionBounds } from '#edge/limits/connection-counts.ts'
import { ADDRESS_RATE } from '#edge/limits/route-rates.ts'
import type { Metering } from '#edge/store/quotas.ts'
import { address, oneOf, readEnvironment, secret, whole } from '#shared/on-node/config.ts'
import { invalid } from '#shared/fault.ts'
import { LOG_LEVELS, type LogLevel } from '#shared/on-node/log.ts'
import { CONNECTION_BOUNDS } from './connection-gate.ts'
import type { TlsFiles } from './tls.ts'
import { TrustedProxiesVariable, type TrustedProxies } from './trusted-proxies.ts'

export interface EdgeConfig {
  host: string
  /** 0 for any free one. */
  port: number
  dataDir: string
  databaseUrl: string
  databaseAuthToken: string | undefined
  metricsToken: string | undefined
  publicOrigin: string | undefined
  /** Made and kept in the data folder when undefined. */
  signingSecret: string | undefined
  /** Whose X-Forwarded-For is believed: that of proxies of ours, which set it. */
  trustProxy: TrustedProxies
  /** Connections of one address, and sockets of one user. */
  connections: ConnectionBounds
  /** Origins of other sites whose pages may read the API with a key. */
  corsOrigins: string[]
  /** Undefined where a proxy ends TLS, or nobody does. */
  tls: TlsFiles | undefined
  /** A minute's requests of one network address; 0 for any number. */
  addressRate: number
  /** Undefined where callers come by keys only. */
  identityProvider: IdentityProvider | undefined
  /** What users may use up, and what engines cost. */
  metering: Metering
  logLevel: LogLevel
  version: string
}

/** More than one edge can serve. */
const MAX_ADDRESS_RATE = 10_000_000
/** All that the server holds: see http-server.ts. */
const MAX_CONNECTIONS_EACH = 8_192
/** Shorter ones can be guessed. */
const MIN_TOKEN_CHARS = 16
const MIN_SIGNING_CHARS = 32

const Environment = v.object({
  HOST: v.optional(v.string(), '127.0.0.1'),
  PORT: v.optional(whole(0, 65_535), '8787'),
  DATA_DIR: v.optional(v.string(), './data'),
  DATABASE_URL: v.optional(address('file:', 'libsql:', 'http:', 'https:')),
  DATABASE_AUTH_TOKEN: v.optional(v.string()),
  METRICS_TOKEN: v.optional(secret(MIN_TOKEN_CHARS)),
  PUBLIC_ORIGIN: v.optional(address('http:', 'https:')),
  SIGNING_SECRET: v.optional(secret(MIN_SIGNING_CHARS)),
  TRUST_PROXY: v.optional(TrustedProxiesVariable, 'false'),
  CONNECTIONS_EACH: v.optional(whole(0, MAX_CONNECTIONS_EACH), String(CONNECTION_BOUNDS.all)),
  WAITING_CONNECTIONS_EACH: v.optional(whole(0, MAX_CONNECTIONS_EACH), String(CONNECTION_BOUNDS.waiting)),
  ADDRESS_RATE: v.optional(whole(0, MAX_ADDRESS_RATE), String(ADDRESS_RATE)),
  TLS_CERT: v.optional(v.string()),
  TLS_KEY: v.optional(v.string()),
  ...CORS_VARIABLES,
  ...IDENTITY_VARIABLES,
  ...QUOTA_VARIABLES,
  LOG_LEVEL: v.optional(oneOf(...LOG_LEVELS), 'info'),
})

/** Throws FaultError invalid_message; each issue names the variable and what is allowed. */
export function readEdgeConfig(environment: NodeJS.ProcessEnv = process.env): EdgeConfig {
  const e = readEnvironment(Environment, environment)
  const dataDir = resolve(e.DATA_DIR)
  return {
    host: e.HOST,
    port: e.PORT,
    dataDir,
    databaseUrl: databaseUrl(e.DATABASE_URL, dataDir),
    databaseAuthToken: e.DATABASE_AUTH_TOKEN,
    metricsToken: e.METRICS_TOKEN,
    publicOrigin: e.PUBLIC_ORIGIN && new URL(e.PUBLIC_ORIGIN).origin,
    signingSecret: e.SIGNING_SECRET,
    trustProxy: e.TRUST_PROXY,
    connections: { waiting: e.WAITING_CONNECTIONS_EACH, all: e.CONNECTIONS_EACH },
    addressRate: e.ADDRESS_RATE,
    corsOrigins: e.CORS_ORIGINS,
    tls: tlsFilesOf(e),
    identityProvider: identityProviderOf(e),
    metering: meteringOf(e),
    logLevel: e.LOG_LEVEL,
    version: readVersion(),
  }
}

function tlsFilesOf({ TLS_CERT, TLS_KEY }: { TLS_CERT?: string | undefined; TLS_KEY?: string | undefined }) {
  if (TLS_CERT === undefined && TLS_KEY === undefined) return undefined
  if (TLS_CERT === undefined || TLS_KEY === undefined) throw invalid('TLS_CERT, TLS_KEY: are needed together')
  return { certFile: resolve(TLS_CERT), keyFile: resolve(TLS_KEY) }
}

/** `file:./x.db` means a path from here, which a URL cannot say. */
function databaseUrl(given: string | undefined, dataDir: string): string {
  if (given === undefined) return pathToFileURL(resolve(dataDir, 'edge.db')).href
  const path = /^file:(?!\/)(.+)$/.exec(given)?.[1]
  return path === undefined ? given : pathToFileURL(resolve(path)).href
}

function readVersion(): string {
  const file = new URL('../../../package.json', import.meta.url)
  return v.parse(v.object({ version: v.string() }), JSON.parse(readFileSync(file, 'utf8'))).version
}
