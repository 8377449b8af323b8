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
  {
    host: 'workers',
    rule: 'CAL8',
    what: 'no call is held through the stop and start of the edge’s program',
    reason: 'objects have no program of ours that stops; tests of sleep and wake, and of goaway, take its place',
  },
  {
    host: 'workers',
    rule: 'CAL19',
    what: 'the log of whole calls is not searched for words and secrets, nor for traces (CAL20)',
    reason: 'a log cannot be handed into workerd; what is written to it is the rooms’ and routes’, which are the same',
  },
]

export function isGap(host: HostName, rule: string): boolean {
  return GAPS.some((gap) => gap.host === host && gap.rule === rule)
}
