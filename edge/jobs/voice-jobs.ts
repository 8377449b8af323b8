// Lets nodes prepare uploaded voices: takes the due jobs one after the other and stores each outcome. It begins after
// an upload, when somebody waits for a voice, when a node joins, and with the upkeep. Several edges may do it at once,
// because a job has one lease. Knows no route and no runtime.
import * as v from 'valibot'
import { dropFiles } from '#edge/drop-files.ts'
import type { EdgePorts } from '#edge/ports.ts'
import type { NodeView } from '#edge/rooms-ports.ts'
import type { Job } from '#edge/store/job-store.ts'
import type { StoredVoice } from '#edge/store/voice-rows.ts'
import type { VoiceOutcome } from '#edge/store/voice-preparation.ts'
import type { BlobHash } from '#shared/blob.ts'
import { faultOf } from '#shared/fault.ts'
import { isId, type VoiceProfileId } from '#shared/ids.ts'
import { VoicePrepared, type VoicePrepare } from '#shared/protocol/voice-requests.ts'

/** Decoding takes at most half of it. The rest is for recognition, which may have to wait for a free recogniser. */
export const PREPARE_WITHIN_MS = 120_000
/** By then the node's answer is long overdue. */
const LEASE_MS = PREPARE_WITHIN_MS + 30_000
const FORGET_WITHIN_MS = 5_000
/** With the pauses between them about a quarter of an hour. */
export const MAX_ATTEMPTS = 5
/** Jobs per run; the next run goes on. */
const MAX_JOBS_A_RUN = 100

export type VoiceJobPorts = Pick<EdgePorts, 'clock' | 'log' | 'blobs'> & {
  fleet: Pick<EdgePorts['fleet'], 'nodes' | 'request'>
  store: Pick<EdgePorts['store'], 'voices' | 'jobs'>
}

/** Resolves when no job is due any more, or when no node can do one. Never rejects. */
export async function prepareVoices(ports: VoiceJobPorts): Promise<void> {
  const { clock, log, store } = ports
  try {
    for (let done = 0; done < MAX_JOBS_A_RUN; done++) {
      const nodes = fit(await ports.fleet.nodes())
      if (nodes.length === 0) return
      const job = await store.jobs.takeJob('voice.prepare', { now: clock.now(), ms: LEASE_MS })
      if (!job) return
      await prepare(ports, job, nodes)
    }
  } catch (error) {
    log.error({ error, fault: faultOf(error) }, 'cannot prepare voices')
  }
}

/** The one with the most free slots first: preparing needs its recogniser. */
const fit = (nodes: readonly NodeView[]): NodeView[] =>
  nodes.filter(({ draining }) => !draining).toSorted((a, b) => b.freeSlots - a.freeSlots)

async function prepare(ports: VoiceJobPorts, job: Job, nodes: readonly NodeView[]): Promise<void> {
  const { clock, log, store } = ports
  const id = isId('voiceProfile', job.subject) ? job.subject : undefined
  const voice = id && (await store.voices.checkVoice(id, clock.now())) && (await store.voices.voice('everybody', id))
  // It was deleted, or is settled already.
  if (!voice) return void (await store.jobs.jobDone(job))
  try {
    // The last attempt ended without a word, so the recording probably kills the node that works on it.
    if (job.attempt > MAX_ATTEMPTS) return await giveUp(ports, job, voice.id)
    const outcome = outcomeOf(await askOneOf(ports, nodes, voice))
    const isKept = await store.voices.settleVoice(voice.id, outcome, { job, now: clock.now() })
    log.info({ voiceProfileId: voice.id, state: outcome.state }, 'prepared a voice')
    // The profile was deleted or changed meanwhile, and nobody else would remove what the node made of it.
    if (!isKept && outcome.state === 'ready') await dropFiles(ports, [outcome.preparedSha256])
  } catch (error) {
    const { attempt } = job
    log.warn({ voiceProfileId: voice.id, fault: faultOf(error), attempt }, 'a voice was not prepared')
    if (attempt < MAX_ATTEMPTS) await store.jobs.jobFailed(job, clock.now())
    else await giveUp(ports, job, voice.id)
  }
}

/** Asks another node only where the first cannot decode this kind of file. */
async function askOneOf(ports: VoiceJobPorts, nodes: readonly NodeView[], voice: StoredVoice): Promise<VoicePrepared> {
  let answer: VoicePrepared = { outcome: 'rejected', reason: 'noDecoder' }
  for (const node of nodes) {
    answer = await ask(ports, node, voice)
    if (answer.outcome !== 'rejected' || answer.reason !== 'noDecoder') break
  }
  return answer
}

async function ask({ fleet }: VoiceJobPorts, { nodeId }: NodeView, voice: StoredVoice): Promise<VoicePrepared> {
  const { id: profileId, sha256, language, referenceText, userId } = voice
  const params: VoicePrepare = { profileId, sha256, language, referenceText, userId }
  const answer = await fleet.request({ nodeId, method: 'voice.prepare', params, deadlineMs: PREPARE_WITHIN_MS })
  return v.parse(VoicePrepared, answer)
}

function outcomeOf(prepared: VoicePrepared): VoiceOutcome {
  if (prepared.outcome === 'rejected')
    return { state: 'rejected', reason: prepared.reason, quality: prepared.quality ?? null }
  const { preparedSha256, referenceText, quality } = prepared
  return { state: 'ready', preparedSha256, referenceText, quality }
}

async function giveUp({ store, clock }: VoiceJobPorts, job: Job, id: VoiceProfileId): Promise<void> {
  await store.voices.settleVoice(id, { state: 'rejected', reason: 'failed', quality: null }, { job, now: clock.now() })
}

/** Tells every node to drop what it made of these files. The cache of a node that is away expires by itself. */
export async function forgetVoices({ fleet, log }: VoiceJobPorts, files: readonly BlobHash[]): Promise<void> {
  const nodes = await fleet.nodes()
  const asked = nodes.flatMap(({ nodeId }) =>
    files.map((preparedSha256) =>
      fleet.request({ nodeId, method: 'voice.forget', params: { preparedSha256 }, deadlineMs: FORGET_WITHIN_MS }),
    ),
  )
  const failed = (await Promise.allSettled(asked)).filter(({ status }) => status === 'rejected')
  if (failed.length > 0) log.warn({ failed: failed.length }, 'not every node has forgotten a voice')
}

/** Runs at once in one edge. */
const MAX_RUNS = 2

/**
 * `later` keeps work going after the request is answered. If the host stops a run in the middle, the lease of its job
 * expires.
 */
export function createVoiceJobs(ports: VoiceJobPorts, later: (work: Promise<void>) => void): EdgePorts['voiceJobs'] {
  const runs = new Set<{ until: number }>()
  return {
    begin() {
      const now = ports.clock.now()
      for (const run of runs) if (run.until < now) runs.delete(run)
      if (runs.size >= MAX_RUNS) return
      const run = { until: now + LEASE_MS }
      runs.add(run)
      later(prepareVoices(ports).finally(() => runs.delete(run)))
    },
    forget(files) {
      if (files.length > 0)
        later(
          forgetVoices(ports, files).catch((error: unknown) =>
            ports.log.warn({ error }, 'cannot ask nodes to forget a voice'),
          ),
        )
    },
  }
}
