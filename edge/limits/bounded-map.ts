// A map in the order of use that is bounded: at its bound it drops the entry that was used longest ago. Each call takes
// the same time whatever the map holds. Buckets and secrets are kept in such maps; they stay plain Maps, so that a host
// can store them.

/** Where the oldest entry of a map is. */
interface Cursor {
  /**
   * Has passed all entries before the oldest, and the oldest itself. It is never begun anew while the map has entries.
   */
  keys: Iterator<string, undefined>
  oldest: string | undefined
}

/**
 * Deleted entries stay in a JavaScript map as holes until it grows: whoever looks for the first entry from the
 * beginning walks over all of them. So one iterator of each map is kept and goes on where it stopped.
 */
const cursors = new WeakMap<object, Cursor>()

export function keepNewest<Value>(map: Map<string, Value>, entry: [key: string, value: Value], max: number): void {
  const [key, value] = entry
  dropKey(map, key)
  map.set(key, value)
  const oldest = oldestOf(map)
  if (map.size > max && oldest !== undefined) dropKey(map, oldest)
}

/** Every deletion goes through here, or the cursor would point to an entry that is gone. */
export function dropKey<Value>(map: Map<string, Value>, key: string): void {
  map.delete(key)
  const cursor = cursors.get(map)
  if (cursor?.oldest === key) cursor.oldest = undefined
}

/** Drops entries from the old end. It stops at the first that is still needed, which keeps each call cheap. */
export function dropOldest<Value>(map: Map<string, Value>, isOver: (value: Value) => boolean): void {
  for (let key = oldestOf(map); key !== undefined; key = oldestOf(map)) {
    const value = map.get(key)
    if (value !== undefined && !isOver(value)) return
    dropKey(map, key)
  }
}

function oldestOf(map: Map<string, unknown>): string | undefined {
  if (map.size === 0) {
    cursors.delete(map)
    return undefined
  }
  const cursor = cursors.get(map) ?? { keys: map.keys(), oldest: undefined }
  cursors.set(map, cursor)
  cursor.oldest ??= cursor.keys.next().value
  return cursor.oldest
}
