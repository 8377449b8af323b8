// Keeping a connection, with sockets that a test opens and ends, and a clock that it moves.
import { describe, expect, it } from 'vitest'
import { Backoff } from '#shared/backoff.ts'
import type { Frame } from '#shared/link/frame.ts'
import { silentLog } from '#shared/log.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import type { Address, ConnectionEvents } from '#gpu-node/tunnel/connect-once.ts'
import type { DiallerOptions } from '#gpu-node/tunnel/dialler.ts'
import { Dialler } from '#gpu-node/tunnel/dialler.ts'
import type { ConnectionEnd } from '#gpu-node/tunnel/refusal.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

interface Dial {
  at: number
  events: ConnectionEvents
  sent: Frame[]
  ended: string[]
  open(): void
}

function world(options: Partial<DiallerOptions> = {}) {
  const clock = createVirtualClock(0)
  const dials: Dial[] = []
  const seen = { opened: 0, frames: [] as Frame[], lost: [] as ConnectionEnd[], gaveUp: [] as ConnectionEnd[] }
  const dialler = new Dialler({
    address: () => ({ url: 'ws://edge', protocols: [], token: 't' }),
    isPermanent: (end) => end.status === 401,
    giveUpAfterMs: Infinity,
    longestWaitMs: Infinity,
    pingEveryMs: 2_000,
    deadAfterMs: 6_000,
    clock,
    log: silentLog,
    backoff: new Backoff(() => 0.5),
    onOpen: () => seen.opened++,
    onFrame: (frame) => seen.frames.push(frame),
    onLost: (end) => seen.lost.push(end),
    onGiveUp: (end) => seen.gaveUp.push(end),
    connect: (_address, events) => {
      const dial: Dial = { at: clock.now(), events, sent: [], ended: [], open: () => events.onOpen(connection) }
      const connection = {
        send: (frame: Frame) => void dial.sent.push(frame),
        close: () => void dial.ended.push('closed'),
        cut: () => {
          dial.ended.push('cut')
          events.onEnd({ wasOpen: true, reason: 'cut' })
        },
      }
      dials.push(dial)
      return connection
    },
    ...options,
  })
  const dial = (at: number): Dial => {
    const found = dials.at(at)
    if (!found) throw new Error(`no dial ${at}`)
    return found
  }
  return { clock, dialler, dials, dial, seen }
}

const refusal: ConnectionEnd = { wasOpen: false, status: 503, reason: 'HTTP 503' }

describe('dialler', () => {
  it('[TUN5] dials three times fast, then ever more slowly, and never gives up by itself', async () => {
    const { clock, dialler, dials, dial } = world()
    dialler.start()
    const waits: number[] = []
    while (waits.length < 9) {
      const [endedAt, before] = [clock.now(), dials.length]
      dial(-1).events.onEnd(refusal)
      while (dials.length === before) await clock.advance(100)
      waits.push(clock.now() - endedAt)
    }
    expect(waits).toEqual([200, 200, 200, 500, 1_000, 2_000, 4_000, 8_000, 10_000])
  })

  it('[TUN6] waits at least as long as the edge asks', async () => {
    const { clock, dialler, dials, dial } = world()
    dialler.start()
    dial(0).events.onEnd({ ...refusal, retryAfterMs: 5_000 })
    await clock.advance(4_999)
    expect(dials).toHaveLength(1)
    await clock.advance(1)
    expect(dials).toHaveLength(2)
  })

  it('[TUN7] a permanent refusal ends it, and its owner is told once', async () => {
    const { clock, dialler, dials, dial, seen } = world()
    dialler.start()
    dial(0).events.onEnd({ ...refusal, status: 401 })
    await clock.advance(60_000)
    expect(dials).toHaveLength(1)
    expect(seen.gaveUp).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })

  it('[TUN8] pings every 2 s, answers pings, keeps both from its owner, and cuts a peer that is silent for 6 s', async () => {
    const { clock, dialler, dials, dial, seen } = world()
    dialler.start()
    dial(0).open()
    await clock.advance(4_000)
    expect(dial(0).sent).toEqual([PING, PING])
    dial(0).events.onFrame(PING)
    dial(0).events.onFrame('{"type":"x"}')
    expect(dial(0).sent).toEqual([PING, PING, PONG])
    expect(seen.frames).toEqual(['{"type":"x"}'])
    await clock.advance(5_999)
    expect(dial(0).ended).toEqual([])
    await clock.advance(1)
    expect(dial(0).ended).toEqual(['cut'])
    expect(seen.lost).toHaveLength(1)
    await clock.advance(200)
    expect(dials).toHaveLength(2)
  })

  it('[TUN9] a connection with a bound is dialled until the bound and then given up', async () => {
    const { clock, dialler, dials, dial, seen } = world({ giveUpAfterMs: 10_000, longestWaitMs: 1_000 })
    dialler.start()
    dial(0).open()
    dial(0).events.onEnd({ wasOpen: true, reason: 'cable' })
    while (seen.gaveUp.length === 0 && dials.length < 100) {
      const before = dials.length
      await clock.advance(1_000)
      if (dials.length > before) dial(-1).events.onEnd(refusal)
    }
    expect(seen.lost).toHaveLength(1)
    expect(dial(-1).at).toBe(10_000)
    expect(dials.length).toBeGreaterThan(8)
    expect(clock.pending).toBe(0)
  })

  it('[TUN10] stop closes what is open or waiting and leaves no timer behind', async () => {
    const open = world()
    open.dialler.start()
    open.dial(0).open()
    open.dialler.stop()
    open.dial(0).events.onEnd({ wasOpen: true, closeCode: 1000, reason: '' })
    const waiting = world()
    waiting.dialler.start()
    waiting.dial(0).events.onEnd(refusal)
    waiting.dialler.stop()
    await waiting.clock.advance(60_000)
    expect(open.dial(0).ended).toEqual(['closed'])
    expect(open.seen.lost).toEqual([])
    expect([open.clock.pending, waiting.clock.pending, waiting.dials.length]).toEqual([0, 0, 1])
  })

  const bug = (): never => {
    throw new Error('a bug')
  }
  const isBug = { isPermanent: (end: ConnectionEnd) => end.isBug === true }

  it.each<[string, Partial<DiallerOptions>, number]>([
    ['onOpen', { onOpen: bug }, 1],
    ['onFrame', { onFrame: bug }, 1],
    ['onLost', { onLost: bug }, 0],
  ])('[TUN20] a bug in %s drops a control connection, and it is dialled again', async (_name, options, cuts) => {
    const { clock, dialler, dials, dial, seen } = world(options)
    dialler.start()
    dial(0).open()
    dial(0).events.onFrame('{"type":"x"}')
    if (dial(0).ended.length === 0) dial(0).events.onEnd({ wasOpen: true, reason: 'cable' })
    expect(dial(0).ended).toEqual(Array<string>(cuts).fill('cut'))
    await clock.advance(200)
    expect(dials).toHaveLength(2)
    expect(seen.gaveUp).toEqual([])
    // Nothing of the dropped one is heard any more.
    dial(0).events.onEnd(refusal)
    dial(0).open()
    await clock.advance(100)
    expect(dials).toHaveLength(2)
    dialler.stop()
    expect(clock.pending).toBe(0)
  })

  it('[TUN20] a dial that cannot even be begun is tried again', async () => {
    let asked = 0
    const address = (): Address => {
      if (++asked === 1) throw new Error('a bug')
      return { url: 'ws://edge', protocols: [], token: 't' }
    }
    const { clock, dialler, dials } = world({ address })
    dialler.start()
    expect(dials).toHaveLength(0)
    await clock.advance(200)
    expect(dials).toHaveLength(1)
  })

  it('[TUN20] a bug at a data connection gives it up, also where telling its loss breaks', async () => {
    const { clock, dialler, dials, dial, seen } = world({ ...isBug, onFrame: bug, onLost: bug })
    dialler.start()
    dial(0).open()
    dial(0).events.onFrame('{"type":"x"}')
    expect(dial(0).ended).toEqual(['cut'])
    expect(seen.gaveUp).toHaveLength(1)
    await clock.advance(60_000)
    expect(dials).toHaveLength(1)
    expect(clock.pending).toBe(0)
  })

  it('[TUN20] a refusal for good is told, also where telling the loss breaks', () => {
    const { dialler, dial, seen } = world({ onLost: bug })
    dialler.start()
    dial(0).open()
    dial(0).events.onEnd({ wasOpen: true, status: 401, reason: 'HTTP 401' })
    expect(seen.gaveUp).toMatchObject([{ status: 401 }])
  })

  it('[TUN10] a socket that opens after its owner stopped it is not handed on', () => {
    const { dialler, dial, seen } = world()
    dialler.start()
    dialler.stop()
    dial(0).open()
    dial(0).events.onFrame('{"type":"x"}')
    expect(dial(0).ended).toEqual(['closed'])
    expect([seen.opened, seen.frames, seen.lost]).toEqual([0, [], []])
  })
})
