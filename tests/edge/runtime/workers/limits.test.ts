// The port Limits on real workerd, started as wrangler.toml says: its contract, and each known fault of itty-durable closed.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MAX_CLAIM_CHARS, MAX_SECRET_HASH_CHARS } from '#edge/limits/single-use.ts'
import { MAX_BUCKET_CHARS } from '#edge/limits/token-bucket.ts'
import { MAX_BUCKETS, MAX_SECRETS, bucketShard, secretShard } from '#edge/runtime/workers/limits-shards.ts'
import { PLATFORM_ATTACHMENT_BYTES } from '#edge/runtime/workers/platform-limits.ts'
import { limitsContract } from '#tests/edge/limits/limits.contract.ts'
import { hasWorkerd } from '#tests/tooling/machine.ts'
import { type Workerd, startWorkerd } from './workerd.ts'

const NOW = Date.UTC(2026, 10, 1)
const LATER = NOW + 60_000
const RULE = { capacity: 2, perMinute: 1 }
const ONE = { capacity: 1, perMinute: 1 }
const unavailable = { fault: { code: 'unavailable', what: 'limits', retryAfterMs: 1_000 } }

describe.skipIf(!hasWorkerd())('workers', () => {
  let workerd: Workerd
  beforeAll(async () => {
    workerd = await startWorkerd()
  })
  afterAll(() => workerd.close())
  const sleep = (name: string) => workerd.harness.getWorker('parley').evictDurableObject('LimitsObject', { name })

  limitsContract('workerd', () => workerd.limits())

  it('[DOL7] names and claims reach the object in plain characters, so that the runtime has nothing to warn of', async () => {
    workerd.harness.clearLogs()
    await workerd.limits().mint('plain-hash', '你好 👋', LATER)
    expect(await workerd.limits().burn('plain-hash', NOW)).toBe('你好 👋')
    expect(workerd.harness.getLogs()).toEqual([])
  })

  it('[DOL10] without its settings the Worker answers every request, also one for its objects, with 503 and unavailable', async () => {
    for (const path of ['', 'health', 'ws/chat', 'do/call/destroy']) {
      const response = await fetch(workerd.url + path, { headers: { 'do-content': '[]' } })
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '60'])
      expect(await response.json()).toMatchObject({ fault: { code: 'unavailable', retryAfterMs: 60_000 } })
    }
  })

  it.each([
    'call/destroy',
    'call/reset',
    'call/persist',
    'call/getPersistable',
    'call/toJSON',
    'call/take',
    'call/mint',
    'call/burn',
    'set/secrets',
    'get-prop/secrets',
  ])('[DOL11] a stranger’s request for /do/%s that reaches the object runs nothing and tells nothing', async (path) => {
    const limits = workerd.limits()
    const secret = `secret-${path}`
    await limits.mint(secret, 'kept', LATER)
    const content = JSON.stringify([
      JSON.stringify({ secretHash: secret, claim: 'forged', expiresAt: LATER, now: NOW }),
    ])
    const answer = await workerd.fetchFixture(`/do/${path}?shard=${secretShard(secret)}`, {
      headers: { 'do-content': content },
    })
    expect([answer.status, await answer.text()]).toEqual([404, ''])
    expect(await limits.burn(secret, NOW)).toBe('kept')
  })

  it('[DOL12] an object that slept has its state before the first call', async () => {
    const limits = workerd.limits()
    const [kept, burned, bucket] = ['secret-kept', 'secret-burned', 'key:sleeper']
    await limits.mint(kept, 'kept', LATER)
    await limits.mint(burned, 'burned', LATER)
    await limits.burn(burned, NOW)
    await limits.take(bucket, RULE, NOW)
    await limits.take(bucket, RULE, NOW)
    for (const shard of new Set([secretShard(kept), secretShard(burned), bucketShard(bucket)])) await sleep(shard)
    expect((await limits.take(bucket, RULE, NOW)).ok).toBe(false)
    expect(await limits.burn(burned, NOW)).toBeUndefined()
    expect(await limits.burn(kept, NOW)).toBe('kept')
    await sleep(secretShard(kept))
    expect(await limits.burn(kept, NOW)).toBeUndefined()
  })

  it('[DOL12] an object that is woken by anything but a call has its state before that', async () => {
    const woken = await workerd.fetchFixture('/wake')
    expect(await woken.json()).toEqual({
      buckets: [['key:1', 1]],
      secrets: [['hash', { claim: 'kept', expiresAt: 2 }]],
    })
  })

  it('[DOL13] what could not be stored is said to the caller and has not happened', async () => {
    const limits = workerd.limits('BROKEN')
    const breaking = 'test:breaking'
    const [beside = ''] = sameShard(bucketShard(breaking), bucketShard, (at) => `test:${at}`, 1)
    await limits.take(beside, RULE, NOW)
    await expect(limits.take(breaking, RULE, NOW)).rejects.toMatchObject(unavailable)
    // Had the refused bucket stayed in memory, nothing more could be stored; had all been lost, two tokens were left.
    expect((await limits.take(beside, RULE, NOW)).ok).toBe(true)
    expect((await limits.take(beside, RULE, NOW)).ok).toBe(false)
  })

  it('[DOL14] a shard of the longest buckets fits into storage, and the one used longest ago makes room', async () => {
    const shard = bucketShard('flood:0')
    const names = sameShard(shard, bucketShard, (at) => `flood:${at}-`.padEnd(MAX_BUCKET_CHARS, '漢'), MAX_BUCKETS + 1)
    await workerd.callAll(names.map((name) => ({ method: 'take', args: [name, ONE, NOW] })))
    await sleep(shard)
    const limits = workerd.limits()
    expect((await limits.take(names[1] ?? '', ONE, NOW)).ok).toBe(false)
    expect((await limits.take(names[0] ?? '', ONE, NOW)).ok).toBe(true)
  })

  it('[DOL15] a shard of the longest secrets fits into storage, and the one minted first makes room', async () => {
    const claim = '漢'.repeat(MAX_CLAIM_CHARS)
    const shard = secretShard('0')
    const hashes = sameShard(shard, secretShard, (at) => `${at}-`.padEnd(MAX_SECRET_HASH_CHARS, '漢'), MAX_SECRETS + 1)
    await workerd.callAll(hashes.map((hash) => ({ method: 'mint', args: [hash, claim, LATER] })))
    await sleep(shard)
    const limits = workerd.limits()
    expect(await limits.burn(hashes[0] ?? '', NOW)).toBeUndefined()
    expect(await limits.burn(hashes[1] ?? '', NOW)).toBe(claim)
  })

  it('[WRK5] the runtime takes the longest attachment that we write, and none that is over the limit', async () => {
    const attach = async (chars: number) => (await workerd.fetchFixture(`/attach?chars=${chars}`)).text()
    expect(await attach(PLATFORM_ATTACHMENT_BYTES - 8)).toBe('taken')
    expect(await attach(PLATFORM_ATTACHMENT_BYTES)).toContain(String(PLATFORM_ATTACHMENT_BYTES))
  })
})

/** The first names that lie in the shard. */
function sameShard(shard: string, shardOf: (name: string) => string, name: (at: number) => string, count: number) {
  const names: string[] = []
  for (let at = 0; names.length < count; at++) if (shardOf(name(at)) === shard) names.push(name(at))
  return names
}
