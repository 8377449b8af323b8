// When the Workers host does its upkeep: at the cron trigger of wrangler.toml. A run that throws, because a setting is missing,
// is a failed one in the list of cron events.
import { createVoiceJobs } from '#edge/jobs/voice-jobs.ts'
import { upkeep } from '#edge/upkeep.ts'
import type { Bindings } from './bindings.ts'
import { createBlobs } from './blobs.ts'
import { later } from './later.ts'
import { portsOf } from './ports-of.ts'
import { createFleet } from './rooms.ts'

export function scheduled(_event: unknown, bindings: Bindings): Promise<void> {
  const ports = { ...portsOf(bindings), blobs: createBlobs(bindings.BLOBS), fleet: createFleet(bindings) }
  return upkeep({ ...ports, voiceJobs: createVoiceJobs(ports, later) })
}
