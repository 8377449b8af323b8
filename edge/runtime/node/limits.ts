// The port Limits in this process: one map of buckets per kind, and one of secrets. A restart forgets both, which costs a caller one
// more ticket and gives an attacker one more burst. The Workers runtime has the same in a Durable Object.
import { bucketKind } from '#edge/limits/bucket-kind.ts'
import { burnSecret, mintSecret, type Secrets } from '#edge/limits/single-use.ts'
import { takeToken, type Buckets } from '#edge/limits/token-bucket.ts'
import type { Limits } from '#edge/ports.ts'

/** Buckets per kind. An entry has about 200 bytes. At the bound, the one used longest ago is dropped and so is full again. */
const MAX_BUCKETS = 20_000
/** Tickets and codes live for minutes, and a user mints a bounded number of them. */
const MAX_SECRETS = 20_000

export function createLimits(): Limits {
  const kinds = new Map<string, Buckets>()
  const bucketsOf = (kind: string): Buckets => {
    const buckets = kinds.get(kind) ?? new Map()
    // Kinds are named by our own code; there are a handful.
    kinds.set(kind, buckets)
    return buckets
  }
  const secrets: Secrets = new Map()
  return {
    take: async (bucket, rule, now) => takeToken(bucketsOf(bucketKind(bucket)), { bucket, rule, now }, MAX_BUCKETS),
    mint: async (secretHash, claim, expiresAt) => mintSecret(secrets, { secretHash, claim, expiresAt }, MAX_SECRETS),
    burn: async (secretHash, now) => burnSecret(secrets, secretHash, now),
  }
}
