// Tasks that are planned in one batch with the rows they are about, or by a route: their names, queues and payloads. What
// does them is in edge/tasks. Used by the store, the routes and edge/tasks.
import type { BlobHash } from '#shared/blob.ts'
import type { UserId, VoiceProfileId } from '#shared/ids.ts'
import { PRIORITY } from '#shared/tasks/task.ts'

/** What the table needs to know of a kind before anybody does it. */
export interface TaskHead {
  name: string
  queue: string
  priority: number
  attempts: number
}
export interface PlannedTask extends TaskHead {
  payload: unknown
  userId: string | null
  dedupeKey: string | undefined
}

export const VOICE_PREPARE = { name: 'voice.prepare', queue: 'voices', priority: PRIORITY.usual, attempts: 5 } as const
export const VOICE_FORGET = { name: 'voice.forget', queue: 'nodes', priority: PRIORITY.idle, attempts: 3 } as const
export const USER_DELETE = { name: 'user.delete', queue: 'upkeep', priority: PRIORITY.usual, attempts: 20 } as const

export const prepareKey = (id: VoiceProfileId): string => `${VOICE_PREPARE.name} ${id}`

export const prepareVoice = (id: VoiceProfileId, userId: UserId): PlannedTask => ({
  ...VOICE_PREPARE,
  payload: { id },
  userId,
  dedupeKey: prepareKey(id),
})

/** What nodes made of these files is to go. The cache of a node that is away expires by itself. */
export const forgetVoices = (files: readonly BlobHash[]): PlannedTask => ({
  ...VOICE_FORGET,
  payload: { files },
  userId: null,
  dedupeKey: undefined,
})

/** All that the user said before this time. Not the user's own task: nothing of his stays. */
export const deleteUser = (userId: UserId, before: number): PlannedTask => ({
  ...USER_DELETE,
  payload: { userId, before },
  userId: null,
  dedupeKey: undefined,
})
