// The port Limits on Workers: calls of LimitsObject through itty-durable's stubs. The only file that reaches those objects,
// and it makes each address itself: nothing of a caller's request but the values below ever gets there.
import { proxyDurable } from 'itty-durable'
import * as v from 'valibot'
import { checkMinting } from '#edge/limits/single-use.ts'
import { checkTaking } from '#edge/limits/token-bucket.ts'
import type { Limits } from '#edge/ports.ts'
import { FaultError } from '#shared/fault.ts'
import { asciiJson } from './ascii-json.ts'
import { bucketShard, secretShard } from './limits-shards.ts'

/** The part of a Durable Object namespace that itty-durable uses. */
export interface LimitsNamespace {
  idFromName(name: string): object
  get(id: object): { fetch(request: Request): Promise<Response> }
}

const RETRY_AFTER_MS = 1_000

const Taken = v.object({ ok: v.boolean(), retryAfterMs: v.number(), remaining: v.number(), resetMs: v.number() })
const Minted = v.object({ isMinted: v.literal(true) })
const Burned = v.object({ claim: v.nullable(v.string()) })

export function createLimits(namespace: LimitsNamespace): Limits {
  const objects = proxyDurable(namespace, { name: 'LIMITS', parse: true })
  // The stubs are thenables: none may be awaited or returned by itself. Arguments travel in an HTTP header.
  return {
    async take(bucket, rule, now) {
      checkTaking({ bucket, rule, now })
      return read(Taken, objects.get(bucketShard(bucket)).take(asciiJson({ bucket, rule, now })))
    },
    async mint(secretHash, claim, expiresAt) {
      checkMinting({ secretHash, claim, expiresAt })
      await read(Minted, objects.get(secretShard(secretHash)).mint(asciiJson({ secretHash, claim, expiresAt })))
    },
    async burn(secretHash, now) {
      const { claim } = await read(Burned, objects.get(secretShard(secretHash)).burn(asciiJson({ secretHash, now })))
      return claim ?? undefined
    },
  }
}

async function read<Schema extends v.GenericSchema>(
  schema: Schema,
  answer: Promise<unknown>,
): Promise<v.InferOutput<Schema>> {
  try {
    return v.parse(schema, await answer)
  } catch (cause) {
    throw new FaultError({ code: 'unavailable', what: 'limits', retryAfterMs: RETRY_AFTER_MS }, { cause })
  }
}
