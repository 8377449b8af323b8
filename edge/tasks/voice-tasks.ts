// Tasks of voices: a node prepares what was uploaded, and every node forgets what was deleted. Knows no route and no
// runtime.
import * as v from 'valibot'
import { dropFiles } from '#edge/drop-files.ts'
import { VOICE_FORGET, VOICE_PREPARE } from '#edge/planned-tasks.ts'
import type { EdgePorts } from '#edge/ports.ts'
import type { NodeView } from '#edge/rooms-ports.ts'
import type { StoredVoice } from '#edge/store/voice-rows.ts'
import type { VoiceOutcome } from '#edge/store/voice-preparation.ts'
import { BlobHashSchema } from '#shared/model/blob-hash.ts'
import type { VoiceProfileId } from '#shared/ids.ts'
import { VoiceProfileIdSchema } from '#shared/model/ids.ts'
import { VoicePrepared, type VoicePrepare } from '#shared/protocol/voice-requests.ts'
import { taskKind, type QueueRules, type TaskContext, type TaskKind } from '#shared/tasks/task-kind.ts'

/** Decoding takes at most half of it. The rest is for recognition, which may have to wait for a free recogniser. */
export const PREPARE_WITHIN_MS = 120_000
/** By then the node's answer is long overdue. */
const PREPARE_LIMIT_MS = PREPARE_WITHIN_MS + 30_000
const FORGET_WITHIN_MS = 5_000

export type VoiceTaskPorts = Pick<EdgePorts, 'clock' | 'log' | 'blobs'> & {
  fleet: Pick<EdgePorts['fleet'], 'nodes' | 'request'>
  store: Pick<EdgePorts['store'], 'voices'>
}

const Prepare = v.object({ id: VoiceProfileIdSchema })
const Forget = v.object({ files: v.array(BlobHashSchema) })

export function voiceTasks(ports: VoiceTaskPorts): { kinds: TaskKind[]; queues: QueueRules[] } {
  const prepare = taskKind({
    ...VOICE_PREPARE,
    payload: Prepare,
    limitMs: PREPARE_LIMIT_MS,
    run: ({ id }, context) => prepareVoice(ports, id, context),
    gaveUp: async ({ id }, { attempt }) => {
      const failed = { state: 'rejected', reason: 'failed', quality: null } as const
      await ports.store.voices.settleVoice(id, failed, { attempt, now: ports.clock.now() })
    },
  })
  const forget = taskKind({
    ...VOICE_FORGET,
    payload: Forget,
    limitMs: 10 * FORGET_WITHIN_MS,
    run: ({ files }) => forgetFiles(ports, files),
  })
  // A voice waits for a node without losing an attempt.
  const isOpen = async (): Promise<boolean> => fit(await ports.fleet.nodes()).length > 0
  return {
    kinds: [prepare, forget],
    queues: [
      { name: VOICE_PREPARE.queue, atOnce: 2, atOnceOfUser: 1, isOpen },
      { name: VOICE_FORGET.queue, atOnce: 2, atOnceOfUser: 2 },
    ],
  }
}

/** The one with the most free slots first: preparing needs its recogniser. */
const fit = (nodes: readonly NodeView[]): NodeView[] =>
  nodes.filter(({ draining }) => !draining).toSorted((a, b) => b.freeSlots - a.freeSlots)

async function prepareVoice(
  ports: VoiceTaskPorts,
  id: VoiceProfileId,
  { attempt }: TaskContext,
): Promise<{ state: string } | null> {
  const { clock, log, store } = ports
  const voice = (await store.voices.checkVoice(id, clock.now())) && (await store.voices.voice('everybody', id))
  // It was deleted, or is settled already.
  if (!voice) return null
  const outcome = outcomeOf(await askOneOf(ports, fit(await ports.fleet.nodes()), voice))
  const isKept = await store.voices.settleVoice(id, outcome, { attempt, now: clock.now() })
  log.info({ voiceProfileId: id, state: outcome.state }, 'prepared a voice')
  // The profile was deleted or changed meanwhile, and nobody else would remove what the node made of it.
  if (!isKept && outcome.state === 'ready') await dropFiles(ports, [outcome.preparedSha256])
  return { state: outcome.state }
}

/** Asks another node only where the first cannot decode this kind of file. */
async function askOneOf(ports: VoiceTaskPorts, nodes: readonly NodeView[], voice: StoredVoice): Promise<VoicePrepared> {
  let answer: VoicePrepared = { outcome: 'rejected', reason: 'noDecoder' }
  for (const node of nodes) {
    answer = await ask(ports, node, voice)
    if (answer.outcome !== 'rejected' || answer.reason !== 'noDecoder') break
  }
  return answer
}

async function ask({ fleet }: VoiceTaskPorts, { nodeId }: NodeView, voice: StoredVoice): Promise<VoicePrepared> {
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

/** Tells every node. One that cannot be told is told again; one that was told has nothing left to forget. */
async function forgetFiles({ fleet }: VoiceTaskPorts, files: v.InferOutput<typeof Forget>['files']): Promise<void> {
  const nodes = await fleet.nodes()
  await Promise.all(
    nodes.flatMap(({ nodeId }) =>
      files.map((preparedSha256) =>
        fleet.request({ nodeId, method: 'voice.forget', params: { preparedSha256 }, deadlineMs: FORGET_WITHIN_MS }),
      ),
    ),
  )
}
