// What an edge puts right from time to time, because whoever should have done it is gone: sessions whose end could not be
// written, secrets of sessions that are over, usage of users who are gone, files that were never finished or that nothing names any
// more, sound that was kept long enough, voices that no node has looked at. Hosts only call it: on Node by a timer, on Workers by the
// cron trigger. Safe to run twice, and by several edges at once.
import { DAY_MS } from '#shared/day.ts'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { MAX_SESSION_MS } from '#shared/protocol/limits.ts'
import { dropFiles } from './drop-files.ts'
import type { Blobs, VoiceJobs } from './ports.ts'
import type { Store } from '#edge/store/store.ts'

/** A conversation that nobody can continue is free again after this, and MAX_SESSION_MS. */
export const UPKEEP_EVERY_MS = 15 * 60_000
/** From the opening of a session to its being live, and from its last moment to the write of its end: far above both. */
const SESSION_SLACK_MS = 5 * 60_000
/** An upload of MAX_BLOB_BYTES that takes longer has no peer any more. */
const UPLOAD_MS = 60 * 60_000

/** Turns of one run: the next one goes on. */
const MAX_EXPIRED = 200
/** Files are looked through by the first two signs of their names, one pair a run: all of them in 64 hours. */
const PREFIXES = 256
/** Files are put before what names them is written, at most as long before as a node may be cut off with a turn in its outbox. */
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

/** Each part by itself: one that fails is logged, tried again the next time, and does not keep the other from its turn. */
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

/** What was left when its name went: a deletion that failed half way, a turn that came when its conversation was gone. */
async function dropUnnamed(ports: FilePorts, now: number): Promise<number> {
  const prefix = (Math.floor(now / UPKEEP_EVERY_MS) % PREFIXES).toString(16).padStart(2, '0')
  return dropFiles(ports, await ports.blobs.putBefore(now - UNNAMED_MS, prefix))
}

/** What was kept for as long as it was to be. How many files are gone. */
async function expire(ports: FilePorts, now: number): Promise<number> {
  return dropFiles(ports, await ports.store.audio.expireAudio(now, MAX_EXPIRED))
}
