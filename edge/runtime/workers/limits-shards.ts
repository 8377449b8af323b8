// Which object holds a bucket or a secret, and how many of them: names and bounds of LimitsObject's shards. Pure.
import { bucketKind } from '#edge/limits/bucket-kind.ts'

/**
 * A shard is stored whole at each change: at these bounds, with ordinary names, some 50 KiB; with the longest far below
 * PLATFORM_VALUE_BYTES. Sixteen shards hold the buckets of 8,192 callers a kind, and 68 tickets of 60 s a second.
 */
export const MAX_BUCKETS = 512
export const MAX_SECRETS = 256

/** Each answers PLATFORM_MESSAGES_PER_SECOND or more; sixteen of a kind carry more than one edge takes. */
const SHARDS = 16

export function bucketShard(bucket: string): string {
  return `buckets:${bucketKind(bucket)}:${shardOf(bucket)}`
}

export function secretShard(secretHash: string): string {
  return `secrets:${shardOf(secretHash)}`
}

/** FNV-1a, 32 bits: spreads short names well, and needs no await as WebCrypto would. */
function shardOf(name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return (hash >>> 0) % SHARDS
}
