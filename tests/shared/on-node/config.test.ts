// How the environment is read: at once, by a schema, and with refusals that help without giving anything away.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readEdgeConfig } from '#edge/runtime/node/config.ts'
import { FaultError } from '#shared/fault.ts'
import { loadDotEnv } from '#shared/on-node/config.ts'

function issuesOf(environment: NodeJS.ProcessEnv): string[] {
  try {
    readEdgeConfig(environment)
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === 'invalid_message') return error.fault.issues
    throw error
  }
  return []
}

describe('configuration', () => {
  it('[OPS1] everything has a default that works', () => {
    expect(readEdgeConfig({})).toMatchObject({
      host: '127.0.0.1',
      port: 8787,
      dataDir: resolve('data'),
      databaseUrl: pathToFileURL(resolve('data/edge.db')).href,
      metricsToken: undefined,
      publicOrigin: undefined,
      trustProxy: false,
      logLevel: 'info',
    })
    expect(issuesOf({ PORT: '', METRICS_TOKEN: '' })).toEqual([])
  })

  it.each([
    [{ PORT: '99999' }, 'PORT: must be a whole number from 0 to 65535'],
    [{ PORT: '80.5' }, 'PORT: must be a whole number from 0 to 65535'],
    [{ LOG_LEVEL: 'loud' }, 'LOG_LEVEL: must be one of debug, info, warn, error'],
    [{ DATABASE_URL: 'postgres://x' }, 'DATABASE_URL: must be a URL (file:, libsql:, http:, https:)'],
    [{ PUBLIC_ORIGIN: 'voice.example.org' }, 'PUBLIC_ORIGIN: must be a URL (http:, https:)'],
    [
      { TRUST_PROXY: 'maybe' },
      'TRUST_PROXY: must be true or false, or addresses and networks like 127.0.0.1, 10.0.0.0/8, with commas between',
    ],
    [{ CONNECTIONS_EACH: '9999' }, 'CONNECTIONS_EACH: must be a whole number from 0 to 8192'],
    [{ METRICS_TOKEN: 'tiny' }, 'METRICS_TOKEN: must have at least 16 characters'],
    [{ TOKENS_PER_DAY: '-1' }, 'TOKENS_PER_DAY: must be a whole number from 0 to 1000000000'],
    [{ COST_PER_DAY: '2,50' }, 'COST_PER_DAY: must be an amount like 2.50, 0 for any'],
    [{ SIGNING_SECRET: 'hunter2' }, 'SIGNING_SECRET: must have at least 32 characters'],
  ])('[OPS2] %j is refused by its name and with what is allowed', (environment, issue) => {
    expect(issuesOf(environment)).toEqual([issue])
    for (const value of Object.values(environment)) expect(issue).not.toContain(` ${value} `)
  })

  it('[QUO10] without a word of the operator a user has 5 sessions, 100,000 tokens and 60 minutes a day, at no price', () => {
    expect(readEdgeConfig({}).metering).toEqual({
      quotas: {
        sessions: 5,
        tokensPerDay: 100_000,
        audioMsPerDay: 3_600_000,
        costMicrosPerDay: null,
        serviceCostMicrosPerDay: null,
      },
      prices: {},
    })
    const prices = { llm: { perThousandTokens: 0.002 }, 'f5@1': { perMinute: 1 } }
    const told = { COST_PER_DAY: '2.5', SERVICE_COST_PER_DAY: '40', ENGINE_PRICES: JSON.stringify(prices) }
    expect(readEdgeConfig({ TOKENS_PER_DAY: '0', ...told }).metering).toMatchObject({
      quotas: { tokensPerDay: null, costMicrosPerDay: 2_500_000, serviceCostMicrosPerDay: 40_000_000 },
      prices,
    })
  })

  it.each(['{', '[1]', '{"llm":{"perToken":1}}', '{"llm":{"perMinute":-1}}', '{"llm":2}'])(
    '[QUO10] prices that say %s are refused by their name',
    (text) => {
      expect(issuesOf({ ENGINE_PRICES: text })).toEqual([expect.stringMatching(/^ENGINE_PRICES.*: must be JSON like/)])
    },
  )

  it('[OPS2] all that is wrong is said at once, and no value is repeated', () => {
    const issues = issuesOf({ PORT: 'abc-port', SIGNING_SECRET: 'hunter2', METRICS_TOKEN: 'tiny' })
    expect(new Set(issues.map((issue) => issue.split(':')[0]))).toEqual(
      new Set(['METRICS_TOKEN', 'PORT', 'SIGNING_SECRET']),
    )
    expect(issues.join()).not.toMatch(/hunter2|tiny|abc-port/)
  })

  it('[OPS1] a database in a relative file is taken from here, and an origin without its path', () => {
    expect(
      readEdgeConfig({ DATABASE_URL: 'file:./x/y.db', PUBLIC_ORIGIN: 'https://voice.example.org/app/' }),
    ).toMatchObject({
      databaseUrl: pathToFileURL(resolve('x/y.db')).href,
      publicOrigin: 'https://voice.example.org',
    })
  })

  it('[OPS3] .env fills in what the environment does not say', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-env-'))
    writeFileSync(join(folder, '.env'), 'PARLEY_TEST_ONE=file\nPARLEY_TEST_TWO=file\n')
    process.env['PARLEY_TEST_ONE'] = 'shell'
    loadDotEnv(join(folder, '.env'))
    loadDotEnv(join(folder, 'missing'))
    expect([process.env['PARLEY_TEST_ONE'], process.env['PARLEY_TEST_TWO']]).toEqual(['shell', 'file'])
    delete process.env['PARLEY_TEST_ONE']
    delete process.env['PARLEY_TEST_TWO']
    rmSync(folder, { recursive: true })
  })
})
