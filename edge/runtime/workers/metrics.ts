// The port Metrics on Workers: what this isolate has counted, under the names of the Node host. An edge on Workers is many
// isolates, and a scrape meets one of them: the gauges are true for the whole edge, the counters for that isolate only.
import type { DurationName, GaugeName, MetricName, Metrics } from '#edge/ports.ts'

/** Seconds, as on Node. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
/** Routes times statuses times methods are some hundreds; more than this means that a label is not what it should be. */
const MAX_SERIES = 2_000

export function createMetrics(): Metrics {
  const series = new Map<string, number>()
  const add = (key: string, by: number): void => {
    if (series.has(key) || series.size < MAX_SERIES) series.set(key, (series.get(key) ?? 0) + by)
  }
  return {
    count: (name: MetricName, labels = {}) => add(`parley_${name}_total${wrap(labels)}`, 1),
    set: (name: GaugeName, value) => void series.set(`parley_${name}`, value),
    observe: (name: DurationName, ms, labels = {}) => {
      const seconds = ms / 1000
      for (const le of BUCKETS)
        add(`parley_${name}_seconds_bucket${wrap({ ...labels, le: String(le) })}`, seconds <= le ? 1 : 0)
      add(`parley_${name}_seconds_bucket${wrap({ ...labels, le: '+Inf' })}`, 1)
      add(`parley_${name}_seconds_sum${wrap(labels)}`, seconds)
      add(`parley_${name}_seconds_count${wrap(labels)}`, 1)
    },
    text: () => Promise.resolve([...series].map(([key, value]) => `${key} ${value}\n`).join('')),
    contentType: 'text/plain; version=0.0.4; charset=utf-8',
  }
}

/** Escaped as the text format wants it: backslash, quote and line feed. */
function wrap(labels: Record<string, string>): string {
  const pairs = Object.entries(labels).map(([name, value]) => {
    return `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`
  })
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}
