// When the Workers host does its upkeep: at the cron trigger of wrangler.toml. A run that throws, because a setting is missing,
// is a failed one in the list of cron events.
import { upkeep } from '#edge/upkeep.ts'
import type { Bindings } from './bindings.ts'
import { createBlobs } from './blobs.ts'
import { portsOf } from './ports-of.ts'

export function scheduled(_event: unknown, bindings: Bindings): Promise<void> {
  return upkeep({ ...portsOf(bindings), blobs: createBlobs(bindings.BLOBS) })
}
