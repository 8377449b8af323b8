// A map in the order of use that is bounded: at its bound it lets go of the entry that was used longest ago.
// The buckets and the secrets of this folder are kept in such maps.

export function keepNewest<Value>(map: Map<string, Value>, entry: [key: string, value: Value], max: number): void {
  const [key, value] = entry
  map.delete(key)
  map.set(key, value)
  const [oldest] = map.keys()
  if (map.size > max && oldest !== undefined) map.delete(oldest)
}

/** Lets go of entries at the old end. Stopping at the first that is still needed keeps each call cheap. */
export function dropOldest<Value>(map: Map<string, Value>, isOver: (value: Value) => boolean): void {
  for (const [key, value] of map) {
    if (!isOver(value)) return
    map.delete(key)
  }
}
