// What an edge cleans up from time to time: sessions whose end could not be written, usage of users who deleted their
// accounts, files that were never finished or that nothing names any more, sound that was kept long enough, voices that
// wait to be prepared. The hosts call it: Node by a timer, Workers by the cron trigger. Safe to run twice, and by
// several edges at once.
import { DAY_MS } from '#shared/day.ts'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { MAX_SESSION_MS } from '#shared/protocol/limits.ts'
import { dropFiles } from './drop-files.ts'
import type { Blobs, VoiceJobs } from './ports.ts'
import type { Store } from '#edge/store/store.ts'

/** A conversation whose room was lost is free again at most this long after MAX_SESSION_MS. */
export const UPKEEP_EVERY_MS = 15 * 60_000
/** Far longer than a session takes to begin, and than its end takes to be written. */
const SESSION_SLACK_MS = 5 * 60_000
/** An upload of MAX_BLOB_BYTES that takes longer was abandoned. */
const UPLOAD_MS = 60 * 60_000

/** Turns per run; the next run goes on. */
const MAX_EXPIRED = 200
/** Each run looks at the files whose names begin with one pair of hex digits, so all files are seen within 64 hours. */
const PREFIXES = 256
/**
 * A file is stored before the row that names it: at most as long before as a node may be cut off with a turn in its
 * outbox.
 */
const UNNAMED_MS = 7 * DAY_MS

export interface UpkeepPorts {
  clock: Clock
  log: Log
  store: {
    sessions: Pick<Store['sessions'], 'sweep'>
    audio: Pick<Store['audio'], 'expireAudio'>
    voices: Pick<Store['voices'], 'unnamed'>
  }
  blobs: Pick<Blobs, 'sweep' | 'putBefore' | 'delete'>
  voiceJobs: Pick<VoiceJobs, 'begin'>
}

type FilePorts = Pick<UpkeepPorts, 'store' | 'blobs'>

/** The parts are independent: one that fails is logged and tried again in the next run, and the others go on. */
export async function upkeep({ clock, log, store, blobs, voiceJobs }: UpkeepPorts): Promise<void> {
  const now = clock.now()
  voiceJobs.begin()
  const [sessions, parts, expired, unnamed] = await Promise.allSettled([
    store.sessions.sweep({ openedBefore: now - MAX_SESSION_MS - SESSION_SLACK_MS, now }),
    blobs.sweep(now - UPLOAD_MS),
    expire({ store, blobs }, now),
    dropUnnamed({ store, blobs }, now),
  ])
  if (sessions.status === 'rejected') log.error({ error: sessions.reason }, 'cannot sweep sessions')
  else if (sessions.value.ended > 0) log.warn(sessions.value, 'ended sessions whose end was never written')
  if (parts.status === 'rejected') log.error({ error: parts.reason }, 'cannot sweep blobs')
  else if (parts.value > 0) log.warn({ parts: parts.value }, 'removed files that were never finished')
  if (expired.status === 'rejected') log.error({ error: expired.reason }, 'cannot forget the sound of old turns')
  else if (expired.value > 0) log.info({ files: expired.value }, 'forgot the sound of old turns')
  if (unnamed.status === 'rejected') log.error({ error: unnamed.reason }, 'cannot remove files that nothing names')
  else if (unnamed.value > 0) log.warn({ files: unnamed.value }, 'removed files that nothing names')
}

/**
 * Removes files left behind by a deletion that failed half way, or by a turn that came after its conversation was
 * deleted.
 */
async function dropUnnamed(ports: FilePorts, now: number): Promise<number> {
  const prefix = (Math.floor(now / UPKEEP_EVERY_MS) % PREFIXES).toString(16).padStart(2, '0')
  return dropFiles(ports, await ports.blobs.putBefore(now - UNNAMED_MS, prefix))
}

/** Removes sound that was kept long enough. Returns how many files it removed. */
async function expire(ports: FilePorts, now: number): Promise<number> {
  return dropFiles(ports, await ports.store.audio.expireAudio(now, MAX_EXPIRED))
}
