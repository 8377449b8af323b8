// Reads single gauges out of Prometheus' text exposition (prometheus.io/docs/instrumenting/exposition_formats). Pure.

/** The largest sample of that name, whatever its labels; null where there is none, or none that is a number. */
export function largestSample(text: string, name: string): number | null {
  let largest: number | null = null
  for (const line of text.split('\n')) {
    if (!line.startsWith(name)) continue
    const [, value] = /^(?:\{[^}]*\})? +([^ ]+)(?: +-?\d+)?\s*$/.exec(line.slice(name.length)) ?? []
    const sample = Number(value)
    if (value !== undefined && Number.isFinite(sample)) largest = Math.max(largest ?? sample, sample)
  }
  return largest
}
