// A whole edge on 127.0.0.1 with a real database of its own, on the host of the project: what the tests of the routes talk to.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KeyLimits, Scope } from '#shared/model/caller.ts'
import type { Metering } from '#edge/store/quotas.ts'
import { readEdgeConfig, type EdgeConfig } from '#edge/runtime/node/config.ts'
import { startEdge, type RunningEdge } from '#edge/runtime/node/start-edge.ts'
import type { ConversationId, SessionId, UserId } from '#shared/ids.ts'
import { newId } from '#shared/ids.ts'
import { silentLog, type Log } from '#shared/log.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { hostName } from '#tests/tooling/hosts/which-host.ts'
import { startWorkersHost } from '#tests/tooling/hosts/workers-host.ts'

export interface TestEdge extends Pick<RunningEdge, 'url' | 'store' | 'close'> {
  /** Where it keeps what it keeps. */
  dataDir: string
  /** Headers of a request that comes from this network address. */
  from(address: string): Record<string, string>
  /** Has the host do the upkeep now; resolves when it is planned. */
  upkeep(): Promise<void>
  /** A new user's key. */
  newKey(scopes?: Scope[], limits?: KeyLimits): Promise<{ key: string; keyId: string; userId: UserId }>
  request(path: string, init?: RequestInit & { key?: string }): Promise<Response>
  /** A conversation with these turns, whose session is over. */
  conversation(userId: UserId, turns: TurnRecord[]): Promise<{ conversationId: ConversationId; sessionId: SessionId }>
}

export async function startTestEdge(
  settings: Partial<EdgeConfig> = {},
  parts: { log?: Log; dist?: string } = {},
): Promise<TestEdge> {
  return withRequests(hostName() === 'workers' ? await onWorkers(settings, parts) : await onNode(settings, parts))
}

type Bare = Pick<TestEdge, 'url' | 'store' | 'dataDir' | 'from' | 'close'> & { wake(): Promise<void> }

async function onWorkers(settings: Partial<EdgeConfig>, { dist }: { dist?: string }): Promise<Bare> {
  const { metering } = settings
  const variables = variablesOf(settings)
  const host = await startWorkersHost({ ...(dist !== undefined && { dist }), ...(metering && { metering }), variables })
  return {
    ...host,
    from: (address) => ({ 'cf-connecting-ip': address }),
    async wake() {
      await host.harness.getWorker('parley').scheduled({ cron: '* * * * *' })
    },
  }
}

/** The settings that tests change, as the variables by which a Worker is told them. */
function variablesOf({
  metricsToken,
  addressRate,
  corsOrigins,
  identityProvider: provider,
  metering,
}: Partial<EdgeConfig>): Record<string, string> {
  return {
    ...(metricsToken !== undefined && { METRICS_TOKEN: metricsToken }),
    ...(addressRate !== undefined && { ADDRESS_RATE: String(addressRate) }),
    ...(corsOrigins && { CORS_ORIGINS: corsOrigins.join(',') }),
    ...(metering && quotaVariables(metering)),
    ...(provider && {
      JWT_ISSUER: provider.issuer,
      JWT_AUDIENCE: provider.audience,
      JWT_JWKS_URL: provider.jwksUrl,
      JWT_SCOPE_NAMES: Object.entries(provider.scopeNames)
        .map((pair) => pair.join('='))
        .join(','),
      JWT_DEFAULT_SCOPES: provider.defaultScopes.join(','),
    }),
  }
}

function quotaVariables({ quotas, prices }: Metering): Record<string, string> {
  const units = (micros: number | null): string => String((micros ?? 0) / 1_000_000)
  return {
    SESSIONS_PER_USER: String(quotas.sessions ?? 0),
    TOKENS_PER_DAY: String(quotas.tokensPerDay ?? 0),
    AUDIO_MINUTES_PER_DAY: String((quotas.audioMsPerDay ?? 0) / 60_000),
    COST_PER_DAY: units(quotas.costMicrosPerDay),
    SERVICE_COST_PER_DAY: units(quotas.serviceCostMicrosPerDay),
    ENGINE_PRICES: JSON.stringify(prices),
  }
}

async function onNode(settings: Partial<EdgeConfig>, parts: { log?: Log; dist?: string }): Promise<Bare> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-edge-'))
  const config = { ...readEdgeConfig({ PORT: '0', DATA_DIR: dataDir }), ...settings }
  const { log = silentLog, dist = join(dataDir, 'no-page') } = parts
  const edge = await startEdge(config, { log, dist })
  return {
    ...edge,
    dataDir,
    from: (address) => ({ 'x-forwarded-for': `10.9.9.9, ${address}` }),
    wake: async () => edge.tasks.wake(),
    async close() {
      await edge.close()
      rmSync(dataDir, { recursive: true })
    },
  }
}

function withRequests(edge: Bare): TestEdge {
  const { store } = edge
  return {
    ...edge,
    async upkeep() {
      const parts = ['sessions', 'uploads', 'audio', 'files', 'tasks'].map((part) => `upkeep.${part}`)
      for (const name of parts) {
        const task = { name, queue: 'upkeep', priority: 0, attempts: 3, payload: null, dedupeKey: `test ${name}` }
        await store.tasks.addTask(task, Date.now())
      }
      await edge.wake()
    },
    async newKey(scopes = ['talk', 'history:read'], limits = {}) {
      const { key, keyId } = await store.keys.createKey({ name: 'test', scopes, limits, now: Date.now() })
      const caller = await store.keys.callerById(keyId, Date.now())
      if (!caller) throw new Error('the key that was just made is not known')
      return { key, keyId, userId: caller.userId }
    },
    request(path, { key, ...init } = {}) {
      const headers = new Headers(init.headers)
      if (key !== undefined) headers.set('authorization', `Bearer ${key}`)
      return fetch(edge.url + path, { ...init, headers })
    },
    async conversation(userId, turns) {
      const sessionId = newId('session')
      const opening = {
        sessionId,
        userId,
        conversationId: undefined,
        personaId: 'per_default',
        now: Date.now(),
      } as const
      const { conversationId } = await store.sessions.openSession(opening)
      for (const record of turns) await store.turns.storeTurn({ sessionId, conversationId, record, now: Date.now() })
      await store.sessions.ended({ sessionId, reason: 'caller', lastTurn: 0, now: Date.now() })
      return { conversationId, sessionId }
    },
  }
}

/** The fault of a refusal. */
export async function faultIn(answer: Response): Promise<unknown> {
  return ((await answer.json()) as { fault?: unknown }).fault
}
