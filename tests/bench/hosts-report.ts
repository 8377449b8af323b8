// The table of hosts.ts: one line a figure, one column a host, and how the second compares with the first.
import { LOST_AFTER_MS } from './paced-load.ts'
import { median, quantile } from './quantile.ts'
import type { Measured } from './relay.ts'
import type { Aim, Report } from './report.ts'

export interface HostFigures {
  /** Requests a second of each round. */
  perSecond: number[]
  cpuMs: number | null
  requests: number
}

export interface RelayFigures {
  sessions: number
  /** The direct echo first, then each host. */
  measured: Measured[]
  /** What each host's resident memory grew by while these sessions were open. */
  grownBytes: Array<number | null>
}

interface Figures {
  names: string[]
  lists: HostFigures[]
  /** Milliseconds of each set-up, of each host. */
  setUps: number[][]
  relays: RelayFigures[]
  perSecond: number
}

type Cell = string | number | null

const MAX_ADDED_P99_MS = 5
const MAX_SET_UP_MS = 150
/** The host that the aims are about is the last. */
const AIMED_AT = -1

export function reportOf({ names, lists, setUps, relays, perSecond }: Figures): Report {
  const [first = '', second = ''] = names
  return {
    title: `hosts, ${names.join(' and ')}, ${perSecond} frames/s each way and session`,
    baseline: `${first}; of what the relay adds: direct echo, the same client and frames with nothing between`,
    columns: [
      { name: 'figure' },
      { name: 'direct echo' },
      ...names.map((name) => ({ name })),
      { name: `${second} × ${first}` },
    ],
    rows: [
      rowOf(
        'list, requests/s',
        0,
        lists.map((one) => median(one.perSecond)),
      ),
      rowOf(
        'list, CPU µs/request',
        0,
        lists.map(({ cpuMs, requests }) => each(cpuMs, 1000 / requests)),
      ),
      rowOf('set-up p50, ms', 1, setUps.map(median)),
      rowOf(
        'set-up p95, ms',
        1,
        setUps.map((ms) => quantile(ms, 0.95)),
      ),
      ...relays.flatMap(rowsOfRelay),
      ...relays.slice(-1).map(memoryRow),
    ],
    notes: [
      'list: GET /api/personas with a key, over 16 connections; the median round. Node reads a file; workerd asks a libSQL server',
      'next to it, whose own processor time is not counted. set-up: from the dial to session.ready, one session after the other.',
      'relay: a round trip of 640 bytes, client → host → node → host → client. added: its quantile less that of the direct echo.',
      `lost: not back within ${LOST_AFTER_MS} ms. CPU: of the host’s process, over the messages it relayed (two a round trip).`,
      'memory: what the host’s resident memory grew by from before the sessions to after their load, garbage included, over their number.',
    ],
    aims: aimsOf(relays[0], setUps.at(AIMED_AT) ?? [], names.at(AIMED_AT) ?? ''),
  }
}

function rowsOfRelay({ sessions, measured }: RelayFigures): Cell[][] {
  const name = (figure: string): string => `relay at ${sessions}, ${figure}`
  const [direct, ...hosts] = measured
  const row = (figure: string, of: (one: Measured) => number | null): Cell[] =>
    rowOf(name(figure), 2, hosts.map(of), direct && of(direct))
  return [
    row('p50, ms', (one) => median(one.roundTripsMs)),
    row('p99, ms', (one) => quantile(one.roundTripsMs, 0.99)),
    rowOf(
      name('added p50, ms'),
      2,
      hosts.map((one) => addedMs(one, direct, 0.5)),
    ),
    rowOf(
      name('added p99, ms'),
      2,
      hosts.map((one) => addedMs(one, direct, 0.99)),
    ),
    row('p99 of the median round, ms', (one) => median(one.p99s)),
    rowOf(
      name('lost'),
      0,
      hosts.map(({ lost }) => lost),
      direct?.lost,
    ),
    rowOf(
      name('CPU µs/message'),
      1,
      hosts.map(({ cpuMs, sent }) => each(cpuMs, 1000 / (2 * sent))),
    ),
  ]
}

/** Of the most sessions only: with the first ones the host’s memory grows for code that is compiled, too. */
function memoryRow({ sessions, grownBytes }: RelayFigures): Cell[] {
  const values = grownBytes.map((bytes) => each(bytes, 1 / (1024 * sessions)))
  return rowOf(`relay at ${sessions}, memory KiB/session`, 0, values)
}

/** Rows have digits of their own here, because each is a figure of another kind. */
function rowOf(figure: string, digits: number, values: Array<number | null>, direct: number | null = null): Cell[] {
  const text = (value: number | null): string | null => (value === null ? null : value.toFixed(digits))
  const [first = null, second = null] = values
  // Where the first is nothing, or less than nothing within the noise, there is no ratio.
  const ratio = first !== null && second !== null && first > 0 ? (second / first).toFixed(2) : null
  return [figure, text(direct), ...values.map(text), ratio]
}

const each = (total: number | null, factor: number): number | null => (total === null ? null : total * factor)

function addedMs(one: Measured, direct: Measured | undefined, share: number): number {
  return quantile(one.roundTripsMs, share) - quantile(direct?.roundTripsMs ?? [], share)
}

function aimsOf(relay: RelayFigures | undefined, setUpsMs: number[], name: string): Aim[] {
  const setUpMs = quantile(setUpsMs, 0.95)
  const setUp = {
    aim: `set-up p95 on ${name} < ${MAX_SET_UP_MS} ms`,
    got: `${setUpMs.toFixed(1)} ms`,
    isMet: setUpMs < MAX_SET_UP_MS,
  }
  const aimed = relay?.measured.at(AIMED_AT)
  const direct = relay?.measured[0]
  if (!relay || !aimed || !direct) return [setUp]
  const added = addedMs(aimed, direct, 0.99)
  const inMedianRound = median(aimed.p99s) - median(direct.p99s)
  return [
    {
      aim: `added p99 on ${name} < ${MAX_ADDED_P99_MS} ms at ${relay.sessions} sessions`,
      got: `${added.toFixed(2)} ms (${inMedianRound.toFixed(2)} ms in the median round), ${aimed.lost} lost`,
      isMet: added < MAX_ADDED_P99_MS && aimed.lost === 0,
    },
    setUp,
  ]
}
