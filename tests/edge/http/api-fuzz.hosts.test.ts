// Every route of a real edge of either host, asked as its description says and as it does not: no answer is a bug's, none is undocumented.
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { hostName } from '#tests/tooling/hosts/which-host.ts'
import { startTestEdge, type TestEdge } from './test-edge.ts'
import { readApi } from './api-fuzz.ts'

/** Of the suite; `npm run bench -- fuzz` asks ten thousand. */
const REQUESTS = { node: 1_500, workers: 400 }

describe('the API', () => {
  let edge: TestEdge
  beforeAll(async () => {
    edge = await startTestEdge({ addressRate: 0 })
  })
  afterAll(() => edge.close())

  it('[FUZ20] answers whatever is asked as /openapi.json says, and never with a bug', async () => {
    const plenty = { rateFactor: 100_000 }
    const [admin, user, revoked] = [
      await edge.newKey(['admin'], plenty),
      await edge.newKey(['talk', 'history:read', 'history:write', 'voices'], plenty),
      await edge.newKey(['talk'], plenty),
    ]
    await edge.store.keys.revokeKey(revoked.keyId as `key_${string}`, Date.now())
    const { conversationId } = await edge.conversation(user.userId, [turnRecord({ id: 'trn_fuzzed' })])
    const keys = [admin.key, user.key, user.key, revoked.key]
    const known = [conversationId, 'trn_fuzzed', '1', 'per_default', 'per_taiwan', 'voi_none', 'key_none', 'f5']
    const { operations, requests, judge } = await readApi({ url: edge.url, keys, known })
    expect(operations.length).toBeGreaterThan(30)
    const statuses = new Map<number, number>()
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        const { status, complaint } = await judge(request)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        expect(complaint, `${request.init.method} ${request.url}`).toBeUndefined()
      }),
      { numRuns: REQUESTS[hostName()] },
    )
    // It was let in, and got through to the routes.
    for (const status of [200, 400, 401, 403, 404]) expect(statuses.get(status) ?? 0, `${status}`).toBeGreaterThan(5)
  }, 120_000)
})
