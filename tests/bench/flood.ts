// Bench: what a caller notices while another one floods the edge. His ping, without and with the flood of each kind, turn by turn in one
// run; the flood comes from a program of its own, which dials again whenever it is hung up on.
import { WebSocket, type RawData } from 'ws'
import { systemClock } from '#shared/clock.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import { CHAT_PROTOCOL } from '#shared/protocol/version.ts'
import { LOAD_FLAGS, startChild } from './child.ts'
import type { EchoNodeSettings } from './echo-node-process.ts'
import type { CrowdedEdgeFacts } from './edge-process.ts'
import { FLOOD_KINDS, type FloodCount, type FloodSettings } from './flood-kinds.ts'
import { monotonicMs } from './monotonic.ts'
import { quantile } from './quantile.ts'
import type { Report } from './report.ts'

export interface FloodLoad {
  kinds: readonly string[]
  /** Of each measurement, without and with the flood. */
  ms: number
}

export const FLOOD_FULL: FloodLoad = { kinds: Object.keys(FLOOD_KINDS), ms: 5_000 }
export const FLOOD_SHORT: FloodLoad = { kinds: Object.keys(FLOOD_KINDS), ms: 1_000 }

const MAX_P99_MS = 50
const MAX_RATIO = 3
const PING_EVERY_MS = 10
const SLOTS = 16

export async function benchFlood({ kinds, ms }: FloodLoad): Promise<Report> {
  const edge = await startChild<CrowdedEdgeFacts>('./edge-process.ts', {})
  const { url, key, nodeToken, otherKeys } = edge.facts
  const settings: EchoNodeSettings = { edgeUrl: url, token: nodeToken, slots: SLOTS }
  const node = await startChild('./echo-node-process.ts', settings, LOAD_FLAGS)
  const caller = await openPinger({ url, key })
  try {
    await caller.pings(ms)
    const rows: Report['rows'] = []
    for (const [at, kind] of kinds.entries()) {
      const enemy: FloodSettings = { url, key: otherKeys[at % otherKeys.length] ?? key, kind }
      const flooder = await startChild('./flood-process.ts', enemy, LOAD_FLAGS)
      const without = await caller.pings(ms)
      await flooder.ask('start')
      const pinged = await caller.pings(ms)
      const { frames, sockets, codes } = await flooder.ask<FloodCount>('count')
      await flooder.stop()
      const [quiet, loud] = [quantile(without, 0.99), quantile(pinged, 0.99)]
      const ended = Object.entries(codes).map(([code, times]) => `${code} × ${times}`)
      rows.push([kind, frames, sockets, ended.join(', '), quantile(without, 0.5), quiet])
      rows.at(-1)?.push(quantile(pinged, 0.5), loud, Math.max(...pinged), loud / quiet)
    }
    return reportOf(rows, ms)
  } finally {
    caller.close()
    await node.stop()
    await edge.stop()
  }
}

function reportOf(rows: Report['rows'], ms: number): Report {
  const worst = (column: number): number => Math.max(...rows.map((row) => Number(row[column])))
  return {
    title: `flood: ${ms / 1_000} s of each kind`,
    baseline: 'the same caller’s ping just before, without the flood',
    columns: [
      { name: 'flood' },
      { name: 'frames sent' },
      { name: 'sockets' },
      { name: 'closed with' },
      ...['p50 ms', 'p99 ms', 'p50 in flood', 'p99 in flood', 'max in flood', 'p99 ratio'].map((name) => {
        return { name, digits: 2 }
      }),
    ],
    rows,
    notes: [
      `A ping every ${PING_EVERY_MS} ms, timed from the moment at which it was due. sockets: how often the flood was dialled.`,
    ],
    aims: [
      { aim: `p99 in the flood < ${MAX_P99_MS} ms`, got: `${worst(7).toFixed(2)} ms`, isMet: worst(7) < MAX_P99_MS },
      { aim: `p99 ≤ ${MAX_RATIO} × without`, got: `${worst(9).toFixed(2)} ×`, isMet: worst(9) <= MAX_RATIO },
    ],
  }
}

interface Pinger {
  /** Milliseconds of each ping. Throws an Error where one stays without its pong. */
  pings(ms: number): Promise<number[]>
  close(): void
}

/** A caller in a session. Pongs come in the order of the pings. */
async function openPinger({ url, key }: { url: string; key: string }): Promise<Pinger> {
  const headers = { authorization: `Bearer ${key}` }
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ws/chat`, [CHAT_PROTOCOL], { headers })
  const ready = Promise.withResolvers<void>()
  const dueAt: number[] = []
  let took: number[] = []
  let onPong = (): void => {}
  socket.on('open', () => socket.send(JSON.stringify({ type: 'session.start' })))
  socket.on('close', (code) => ready.reject(new Error(`the edge closed a session with ${code}`)))
  socket.on('error', ready.reject)
  socket.on('message', (content: RawData) => {
    const text = content.toString()
    if (text === PONG) {
      took.push(monotonicMs() - (dueAt.shift() ?? NaN))
      onPong()
    } else if (text.includes('"session.ready"')) ready.resolve()
  })
  await ready.promise
  return {
    async pings(ms) {
      took = []
      const startedAt = monotonicMs()
      const total = Math.floor(ms / PING_EVERY_MS)
      for (let sent = 0; sent < total; await systemClock.sleep(1)) {
        const due = Math.min(total, Math.floor((monotonicMs() - startedAt) / PING_EVERY_MS) + 1)
        for (; sent < due; sent++) {
          dueAt.push(startedAt + sent * PING_EVERY_MS)
          socket.send(PING)
        }
      }
      await new Promise<void>((resolve, reject) => {
        const stop = systemClock.after(10_000, () => reject(new Error('a ping stays without its pong')))
        onPong = () => {
          if (dueAt.length > 0) return
          stop()
          resolve()
        }
        onPong()
      })
      return took
    },
    close: () => socket.terminate(),
  }
}
