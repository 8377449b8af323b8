// The list of what was deleted or revoked, a JSON line each, beside the backups. A restore does it again before the first start: nobody
// who left comes back, and no key that was taken away works again. It names ids only. Knows no file system.
import * as v from 'valibot'
import { isId, type Id, type Kind } from '#shared/ids.ts'

const idOf = <K extends Kind>(kind: K) => v.custom<Id<K>>((value) => typeof value === 'string' && isId(kind, value))

const Deletion = v.variant('kind', [
  v.object({ kind: v.literal('user'), id: idOf('user'), onlyKey: v.optional(idOf('apiKey')) }),
  v.object({ kind: v.literal('conversation'), id: idOf('conversation') }),
  v.object({ kind: v.literal('voice'), id: idOf('voiceProfile') }),
  v.object({ kind: v.literal('key'), id: idOf('apiKey') }),
  v.object({ kind: v.literal('node'), id: idOf('node') }),
])
export type Deletion = v.InferOutput<typeof Deletion>

/** Undefined for a line that a power cut left unfinished: what it would have said was not yet answered as done. */
export function readDeletion(line: string): Deletion | undefined {
  try {
    const parsed = v.safeParse(Deletion, JSON.parse(line))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
