// A session room whose memory is lost, and a client of another wire in it, in virtual time: what is kept, what is said again, what
// is told as cleared.
import { describe, expect, it } from 'vitest'
import type { MakeClient } from '#edge/clients/client.ts'
import { seatClient, type Seated } from '#edge/clients/seat-client.ts'
import { MAX_CLIENT_KEPT_BYTES, type KeptSession } from '#edge/session/kept-session.ts'
import { SessionRoom } from '#edge/session/session-room.ts'
import { newId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import { CALLER } from '#tests/edge/rooms-world.ts'
import { silentMetrics } from '#tests/edge/sockets-world.ts'
import { FakeSocket } from '#tests/fakes/fake-socket.ts'
import { makeLineClient } from '#tests/fakes/line-client.ts'
import { createMemoryStore } from '#tests/fakes/memory-store.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const AUDIO = `audio ${btoa('\u0001\u0000'.repeat(320))}`
const turnId = newId('turn')

/** One session on a host whose memory can be lost, its caller on the line wire, and its node. */
class Host {
  readonly clock = createVirtualClock()
  readonly store = createMemoryStore()
  readonly who = { sessionId: newId('session'), caller: CALLER }
  kept: KeptSession | undefined
  far = new FakeSocket()
  node = new FakeSocket()
  isOver = false
  #room: SessionRoom
  #seated: Seated | undefined
  readonly #make: MakeClient

  constructor(make: MakeClient = makeLineClient) {
    this.#make = make
    this.#room = this.#open()
  }

  async live(): Promise<this> {
    this.seat()
    this.say('start')
    await this.clock.settle()
    this.#room.connect(this.node, { end: 'node' })
    this.nodeSays({ type: 'session.begun', engines: [] })
    await this.clock.settle()
    return this
  }

  /** The caller dials, for the first time or again. */
  seat(isResume = false): void {
    this.far = new FakeSocket()
    const { clock, far: socket } = this
    this.#seated = seatClient({ make: this.#make, socket, clock, isResume, post: (verb) => verb(this.#room) })
  }

  /** The node dials again, and has this much of the caller's messages. */
  redial(received: number): void {
    this.node = new FakeSocket()
    this.#room.connect(this.node, { end: 'node', resumes: { received } })
  }

  lose(): void {
    this.#room = this.#open(structuredClone(this.kept))
    this.#room.wake()
  }

  say(line: string): void {
    this.#seated?.message(line)
  }

  nodeSays(message: object): void {
    this.#room.message(this.node, JSON.stringify(message))
  }

  get lines(): unknown[] {
    return this.far.sent.map((line) => String(line).replace(/^(resumed|ready) .*/, '$1'))
  }

  /** What the node got, by its numbers. */
  get told(): unknown[] {
    return this.node.messages.flatMap(({ type, seq, text }) => (seq === undefined ? [] : [[seq, type, text]]))
  }

  #open(kept?: KeptSession): SessionRoom {
    const ports = {
      clock: this.clock,
      log: silentLog,
      store: this.store,
      metrics: silentMetrics,
      fleet: { place: async () => 'nod_one' as const, release: async () => {} },
      setAlarm: () => {},
      callerByToken: async () => undefined,
      remember: (next: KeptSession) => (this.kept = structuredClone(next)),
      onEnded: () => (this.isOver = true),
    }
    return new SessionRoom(this.who, ports, kept)
  }
}

describe('a client of another wire', () => {
  it('[SES40] waits for the node after a loss of memory, and goes on after what the node has', async () => {
    const host = await new Host().live()
    host.say('say one')
    await host.clock.settle()
    host.lose()
    host.seat(true)
    await host.clock.settle()
    expect(host.lines).toEqual([])
    host.say('say too early')
    expect(host.lines).toEqual(['fault not_ready'])
    host.redial(1)
    await host.clock.settle()
    expect(host.lines).toEqual(['fault not_ready', 'resumed'])
    host.say('say two')
    await host.clock.settle()
    expect(host.told).toEqual([[2, 'text.send', 'two']])
    host.nodeSays({ type: 'reply.text', seq: 58, turnId, text: 'words', startSample: 0 })
    expect(host.lines.at(-1)).toBe('58 reply words')
  })

  it('[SAW8] says its text again, and tells its audio that was not acknowledged as cleared', async () => {
    const host = await new Host().live()
    host.say(AUDIO)
    host.say(AUDIO)
    host.say('say words')
    host.say('commit')
    await host.clock.settle()
    host.nodeSays({ type: 'ack', received: 1 })
    await host.clock.settle()
    host.lose()
    host.redial(1)
    host.seat(true)
    await host.clock.settle()
    expect(host.lines).toEqual(['resumed', 'cleared'])
    expect(host.told).toEqual([
      [2, 'utterance.clear', undefined],
      [3, 'text.send', 'words'],
    ])
    host.nodeSays({ type: 'ack', received: 3 })
    await host.clock.settle()
    host.lose()
    host.redial(3)
    host.seat(true)
    await host.clock.settle()
    expect(host.lines).toEqual(['resumed'])
    expect(host.told).toEqual([])
  })

  it('[SES40] where only its socket was lost nothing is said again and nothing is cleared', async () => {
    const host = await new Host().live()
    host.say(AUDIO)
    host.say('say words')
    await host.clock.settle()
    host.nodeSays({ type: 'reply.text', seq: 1, turnId, text: 'while it was away', startSample: 0 })
    host.seat(true)
    await host.clock.settle()
    expect(host.lines).toEqual(['resumed', '1 reply while it was away'])
    expect(host.told.map((said) => (said as [number])[0])).toEqual([2])
    host.say('say more')
    await host.clock.settle()
    expect(host.told.at(-1)).toEqual([3, 'text.send', 'more'])
  })

  it.each([MAX_CLIENT_KEPT_BYTES, MAX_CLIENT_KEPT_BYTES + 1])('[SES39] may keep 32 KiB: %s bytes', async (bytes) => {
    const kept = 'é'.repeat(bytes / 2) + 'x'.repeat(bytes % 2)
    const host = new Host(() => ({ ...silentClient, kept }))
    host.seat()
    await host.clock.settle()
    const isWithin = bytes <= MAX_CLIENT_KEPT_BYTES
    expect(host.isOver).toBe(!isWithin)
    expect(host.kept?.client?.length).toBe(isWithin ? kept.length : undefined)
  })

  it('[SES41] with a bug ends its session with internal', async () => {
    const host = new Host(() => ({
      ...silentClient,
      message: () => {
        throw new TypeError('a bug')
      },
    }))
    host.seat()
    host.say('anything')
    await host.clock.settle()
    expect(host.isOver).toBe(true)
  })

  it('[SES41] that cannot be made closes its socket', async () => {
    const host = new Host(() => {
      throw new TypeError('a bug')
    })
    host.seat()
    await host.clock.settle()
    expect([host.isOver, host.far.closedWith]).toEqual([true, 1011])
  })
})

const silentClient = { send: () => {}, close: () => {}, bufferedAmount: 0, message: () => {}, closed: () => {} }
