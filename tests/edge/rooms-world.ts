// All rooms of an edge with a virtual clock, sockets in memory and a store in memory: hours pass in milliseconds.
import type { CallerAdmission, RoomSocket } from '#edge/rooms-ports.ts'
import type { Caller } from '#shared/model/caller.ts'
import type { Seated } from '#edge/clients/seat-client.ts'
import { createRooms, type Rooms, type RoomsPorts, type Seating } from '#edge/runtime/node/rooms.ts'
import { newId, type NodeId, type SessionId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import { silentLog } from '#shared/log.ts'
import { encodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { PING } from '#shared/protocol/decode.ts'
import { FakeSocket } from '#tests/fakes/fake-socket.ts'
import { createMemoryStore, type MemoryStore } from '#tests/fakes/memory-store.ts'
import { createVirtualClock, type VirtualClock } from '#tests/fakes/virtual-clock.ts'
import { silentMetrics } from './sockets-world.ts'

export const CALLER: Caller = { userId: 'usr_one', keyId: 'key_one', scopes: ['talk'], origins: null, limits: {} }

/** One end of a socket in a room. While it is alive it pings, as a real one does. */
export class End {
  readonly socket = new FakeSocket()
  readonly #seated: Seated
  readonly #stopPings: () => void

  constructor(clock: VirtualClock, seating: Seating, pingEveryMs: number) {
    this.#seated = seating(this.socket satisfies RoomSocket)
    this.#stopPings = clock.every(pingEveryMs, () => this.say(PING))
  }

  say(frame: Frame | object): void {
    const isFrame = typeof frame === 'string' || frame instanceof Uint8Array
    this.#seated.message(isFrame ? (frame as Frame) : JSON.stringify(frame))
  }

  /** Its network is gone: it says nothing any more, and no close arrives. */
  vanish(): void {
    this.#stopPings()
  }

  close(code = 1006): void {
    this.#stopPings()
    this.#seated.close(code)
  }
}

export class FakeWorld {
  readonly clock = createVirtualClock()
  readonly store: MemoryStore = createMemoryStore()
  readonly rooms: Rooms
  readonly sessionId: SessionId = newId('session')
  /** Who calls. */
  who = CALLER

  /** `parts`: what the rooms get in place of the usual. */
  constructor(parts: Partial<RoomsPorts> = {}) {
    const { clock, store } = this
    this.rooms = createRooms({
      clock,
      log: silentLog,
      store,
      metrics: silentMetrics,
      nodeJoined: () => undefined,
      callerByToken: async () => undefined,
      ...parts,
    })
  }

  async caller(sessionId: SessionId = this.sessionId): Promise<End> {
    return this.#callerEnd({ type: 'new', sessionId, caller: this.who })
  }

  async resumeCaller(resumeToken: unknown, received: number): Promise<End> {
    return this.#callerEnd({ type: 'resume', sessionId: this.sessionId, resumeToken: String(resumeToken), received })
  }

  /** A node's control socket after hello. */
  control(nodeId: NodeId = 'nod_one', slots = 2, sessions: SessionId[] = []): End {
    const end = new End(this.clock, this.rooms.admitControl({ nodeId }), 2_000)
    end.say({
      type: 'node.hello',
      name: 'one',
      version: '0',
      slots,
      freeSlots: slots,
      sessions,
      engines: [],
      vram: null,
    })
    return end
  }

  async dial(ticket: unknown, nodeId: NodeId = 'nod_one'): Promise<End> {
    const secret = { type: 'ticket' as const, ticket: String(ticket) }
    return new End(this.clock, await this.rooms.admitNode({ sessionId: this.sessionId, nodeId, secret }), 500)
  }

  async redial(resumeToken: unknown, received: number, nodeId: NodeId = 'nod_one'): Promise<End> {
    const secret = { type: 'resume' as const, resumeToken: String(resumeToken), received }
    return new End(this.clock, await this.rooms.admitNode({ sessionId: this.sessionId, nodeId, secret }), 500)
  }

  /** Until a node has the session.begin of this caller. */
  async begin(start: object = {}): Promise<{ caller: End; control: End; node: End }> {
    const control = this.control()
    const caller = await this.caller()
    caller.say({ type: 'session.start', ...start })
    await this.clock.settle()
    const { ticket } = offerOf(control)
    control.say({ type: 'offer.accepted', sessionId: this.sessionId, epoch: 1 })
    await this.clock.settle()
    return { caller, control, node: await this.dial(ticket) }
  }

  /** Until the caller is told ready. */
  async live(start: object = {}): Promise<{ caller: End; control: End; node: End }> {
    const ends = await this.begin(start)
    ends.node.say({ type: 'session.begun', engines: [] })
    await this.until(() => ends.caller.socket.types.includes('session.ready'))
    return ends
  }

  /** For what needs real work, such as hashing, but no time. */
  async until(isTrue: () => boolean): Promise<void> {
    for (let turns = 0; !isTrue(); turns++) {
      if (turns > 10_000) throw new Error('it did not come')
      await this.clock.settle()
    }
  }

  get stored() {
    return this.store.opened.get(this.sessionId)
  }

  async #callerEnd(admission: CallerAdmission): Promise<End> {
    return new End(this.clock, await this.rooms.admitCaller(admission), 2_000)
  }
}

export const offerOf = (control: End): { ticket: string } => control.socket.last('session.offer') as { ticket: string }

export const audio = (sequence: number, samples = 320): Uint8Array<ArrayBuffer> =>
  encodeAudioFrame({ turn: 0, sequence, pcm: new Uint8Array(new Int16Array(samples).fill(sequence).buffer) })
