// Writes the list of deletions beside the backups, and does them again on a restored database. A line is on the disk before the one who
// deleted is told that it is done. Wraps the store, so that no route can forget it.
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readDeletion, type Deletion } from '#edge/backup/deletions.ts'
import type { Store } from '#edge/store/store.ts'
import type { UserId } from '#shared/ids.ts'
import { makeFolder } from './folders.ts'

const TURNS_A_STEP = 500

const fileIn = (backups: string): string => join(backups, 'deletions.jsonl')

async function noteDeletion(backups: string, deletion: Deletion): Promise<void> {
  makeFolder(backups)
  await appendFile(fileIn(backups), `${JSON.stringify(deletion)}\n`, { mode: 0o600, flush: true })
}

/** The lines after the first `seen`; all of them where the list is shorter, for then it is another one. */
export async function deletionsAfter(backups: string, seen: number): Promise<Deletion[]> {
  const lines = await linesOf(backups)
  const later = lines.length < seen ? lines : lines.slice(seen)
  return later.map(readDeletion).filter((deletion) => deletion !== undefined)
}

export const countDeletions = async (backups: string): Promise<number> => (await linesOf(backups)).length

async function linesOf(backups: string): Promise<string[]> {
  const text = await readFile(fileIn(backups), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return ''
    throw error
  })
  return text.split('\n').filter((line) => line !== '')
}

/** The same store, whose deletions and revocations are listed. */
export function listingDeletions(store: Store, backups: string): Store {
  const note = (deletion: Deletion): Promise<void> => noteDeletion(backups, deletion)
  const { edits, voices, keys, nodes } = store
  return {
    ...store,
    edits: {
      ...edits,
      async deleteConversation(owner, id) {
        const files = await edits.deleteConversation(owner, id)
        if (Array.isArray(files)) await note({ kind: 'conversation', id })
        return files
      },
      async leave(id, leaving) {
        const files = await edits.leave(id, leaving)
        await note({ kind: 'user', id, ...(leaving.onlyKey !== undefined && { onlyKey: leaving.onlyKey }) })
        return files
      },
    },
    voices: {
      ...voices,
      async removeVoice(owner, id, now) {
        const files = await voices.removeVoice(owner, id, now)
        if (files) await note({ kind: 'voice', id })
        return files
      },
    },
    keys: {
      ...keys,
      async revokeKey(id, now, userId) {
        const isRevoked = await keys.revokeKey(id, now, userId)
        if (isRevoked) await note({ kind: 'key', id })
        return isRevoked
      },
    },
    nodes: {
      ...nodes,
      async revokeNode(id, now) {
        const isRevoked = await nodes.revokeNode(id, now)
        if (isRevoked) await note({ kind: 'node', id })
        return isRevoked
      },
    },
  }
}

/** A user with all that he said, at once: no task is waited for. On a store without live sessions. */
export async function deleteWholly(
  edits: Store['edits'],
  userId: UserId,
  leaving: Parameters<Store['edits']['leave']>[1],
): Promise<void> {
  await edits.leave(userId, leaving)
  const step = { before: leaving.now, limit: TURNS_A_STEP }
  while (!(await edits.deleteSaid(userId, step)).isDone);
}

/** On a store without live sessions. What the restored database never had is as if it were deleted. */
export async function deleteAgain(
  { edits, voices, keys, nodes }: Store,
  deletions: Deletion[],
  now: number,
): Promise<void> {
  for (const deletion of deletions) {
    if (deletion.kind === 'user') await deleteWholly(edits, deletion.id, { now, onlyKey: deletion.onlyKey })
    else if (deletion.kind === 'conversation') await edits.deleteConversation('everybody', deletion.id)
    else if (deletion.kind === 'voice') await voices.removeVoice('everybody', deletion.id, now)
    else if (deletion.kind === 'key') await keys.revokeKey(deletion.id, now)
    else await nodes.revokeNode(deletion.id, now)
  }
}
