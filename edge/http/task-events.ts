// Changes of tasks as server-sent events (html.spec.whatwg.org, §9.2). The table is read again and again: it is the only
// truth on both hosts, and whoever changed it may be another process.
import type { Clock } from '#shared/clock.ts'
import type { ChangedTask } from '#edge/store/task-store.ts'

const LOOK_EVERY_MS = 1_000
/** Edges that write may have clocks that differ by so much. */
const OVERLAP_MS = 2_000
/** A browser comes again by itself. */
const LASTS_MS = 10 * 60_000

interface Parts {
  clock: Clock
  read: (since: number) => Promise<ChangedTask[]>
  shown: (task: ChangedTask) => unknown
  signal: AbortSignal
}

export function taskEvents({ clock, read, shown, signal }: Parts): ReadableStream<Uint8Array<ArrayBuffer>> {
  const text = new TextEncoder()
  const endsAt = clock.now() + LASTS_MS
  /** By id: the change that was told last. */
  const told = new Map<string, string>()
  let since = clock.now()
  let isFirst = true
  return new ReadableStream({
    async pull(controller) {
      try {
        if (!isFirst) await clock.sleep(LOOK_EVERY_MS, signal)
        if (signal.aborted || clock.now() > endsAt) return controller.close()
        const changed = (await read(since - OVERLAP_MS)).filter((task) => told.get(task.id) !== changeOf(task))
        for (const task of changed) told.set(task.id, changeOf(task))
        since = Math.max(since, ...changed.map(({ changedAt }) => changedAt))
        // Also without a change: a proxy closes what is silent, and a caller who left is noticed.
        const events = changed.map((task) => `event: task\nid: ${task.id}\ndata: ${JSON.stringify(shown(task))}\n\n`)
        controller.enqueue(text.encode(events.length > 0 ? events.join('') : ':\n\n'))
        isFirst = false
      } catch (error) {
        if (signal.aborted) controller.close()
        else controller.error(error)
      }
    },
  })
}

const changeOf = ({ changedAt, state, progress, attempt }: ChangedTask): string =>
  `${changedAt} ${state} ${progress} ${attempt}`
