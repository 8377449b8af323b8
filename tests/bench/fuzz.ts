// Bench: the API asked at random as it describes itself, and what came of it: how many answers of each status, how long they took, and every
// one that is a bug's or is not described. The generator is that of the tests.
import fc from 'fast-check'
import { readApi } from '#tests/edge/http/api-fuzz.ts'
import { startChild } from './child.ts'
import type { EdgeFacts } from './edge-process.ts'
import { monotonicMs } from './monotonic.ts'
import { quantile } from './quantile.ts'
import type { Report } from './report.ts'

export const FUZZ_FULL = { requests: 10_000 }
export const FUZZ_SHORT = { requests: 300 }

const MAX_SHOWN = 10

export async function benchFuzz({ requests: count }: { requests: number }): Promise<Report> {
  const edge = await startChild<EdgeFacts>('./edge-process.ts', {})
  try {
    const { url, key } = edge.facts
    const known = ['cnv_none', 'trn_none', '1', 'per_default', 'per_taiwan', 'voi_none', 'key_none', 'f5']
    const { operations, requests, judge } = await readApi({ url, keys: [key], known })
    const took = new Map<number, number[]>()
    const complaints: string[] = []
    for (const request of fc.sample(requests, count)) {
      const askedAt = monotonicMs()
      const { status, complaint } = await judge(request)
      took.set(status, [...(took.get(status) ?? []), monotonicMs() - askedAt])
      if (complaint !== undefined) complaints.push(`${request.operation}: ${complaint}`)
    }
    return {
      title: `fuzz: ${count} requests to ${operations.length} operations`,
      baseline: '/openapi.json of the edge that is asked',
      columns: [{ name: 'status' }, { name: 'answers' }, { name: 'p50 ms', digits: 1 }, { name: 'p99 ms', digits: 1 }],
      rows: [...took]
        .toSorted(([a], [b]) => a - b)
        .map(([status, ms]) => [status, ms.length, quantile(ms, 0.5), quantile(ms, 0.99)]),
      notes: complaints.slice(0, MAX_SHOWN),
      aims: [
        {
          aim: 'no answer of a bug, none that is not described',
          got: `${complaints.length} of ${count}`,
          isMet: complaints.length === 0,
        },
      ],
    }
  } finally {
    await edge.stop()
  }
}
