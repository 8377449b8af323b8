// Where the two hosts are known to differ, as data: the suites leave out exactly this, and `npm test` prints it at its end.
import type { HostName } from './which-host.ts'

export interface Gap {
  host: HostName
  /** The rule of the specification that is held by the other host only, or in part. */
  rule: string
  what: string
  reason: string
}

export const GAPS: Gap[] = [
  {
    host: 'workers',
    rule: 'FRO2',
    what: 'the Worker compresses nothing itself',
    reason: 'the network before it does, and would do it twice',
  },
  {
    host: 'workers',
    rule: 'OPS7',
    what: 'GET /metrics has no figures of the process',
    reason: 'an isolate has neither a process nor an event loop of its own to measure',
  },
]

export function isGap(host: HostName, rule: string): boolean {
  return GAPS.some((gap) => gap.host === host && gap.rule === rule)
}
