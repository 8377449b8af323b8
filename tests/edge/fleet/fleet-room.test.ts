// The fleet room with virtual time: who joins, who gets which session, and what becomes of nodes that go.
import { describe, expect, it } from 'vitest'
import { reduceFleet } from '#edge/fleet/fleet-reduce.ts'
import { chooseNode, freeSlots } from '#edge/fleet/placement.ts'
import type { FleetNode, FleetState } from '#edge/fleet/fleet-state.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { End, FakeWorld } from '#tests/edge/rooms-world.ts'

const offer = (sessionId: SessionId, epoch = 1) => ({ sessionId, epoch, ticket: 't', expiresAt: 0 })
const session = (name: string): SessionId => `ses_${name}`
const offered = (end: End): unknown[] =>
  end.socket.messages.filter(({ type }) => type === 'session.offer').map(({ sessionId }) => sessionId)
const accept = (end: End, sessionId: SessionId, epoch = 1): void =>
  end.say({ type: 'offer.accepted', sessionId, epoch })

const here = (slots: number, said: number, sessions: string[] = [], held = sessions): FleetNode => ({
  presence: {
    type: 'here',
    name: '',
    version: '',
    connectedAt: 0,
    draining: false,
    status: { slots, freeSlots: said, sessions: sessions.map(session), engines: [], vram: null },
  },
  held: new Set(held.map(session)),
})

describe('placement', () => {
  it.each([
    ['all free', here(4, 4), 4],
    ['one held that the node knows', here(4, 3, ['aaa']), 3],
    ['one held that the node does not know of yet', here(4, 4, [], ['aaa']), 3],
    ['one that the node has, and the edge gave up', here(4, 3, ['aaa'], []), 3],
    ['the node keeps a slot for itself', here(4, 1), 1],
    ['more held than it has slots', here(1, 1, [], ['aaa', 'bbb']), 0],
    ['away', { ...here(4, 4), presence: { type: 'away' as const, until: 0 } }, 0],
  ])('[FLT3] a slot is taken as soon as it is offered: %s', (_, node, free) => {
    expect(freeSlots(node)).toBe(free)
  })

  it('[FLT2] the node with the most free slots is chosen, and none that was tried', () => {
    const nodes = new Map<NodeId, FleetNode>([
      ['nod_a', here(4, 4, ['aaa', 'bbb'])],
      ['nod_b', here(4, 3, ['ccc'])],
      ['nod_c', here(8, 0)],
      ['nod_d', here(3, 3)],
    ])
    const state: FleetState = { nodes, pending: new Map() }
    const order: unknown[] = []
    for (const tried = new Set<NodeId>(); ;) {
      const chosen = chooseNode(state, tried)
      if (!chosen) break
      order.push(chosen)
      tried.add(chosen)
    }
    expect(order).toEqual(['nod_b', 'nod_d', 'nod_a'])
  })
})

describe('offers', () => {
  it('[FLT4] a node that declines or does not answer within 2 s is followed by the next; each is tried once', async () => {
    const world = new FakeWorld()
    const [a, b, c] = [world.control('nod_a', 4), world.control('nod_b', 3), world.control('nod_c', 2)]
    const placed = world.rooms.fleet.place(offer(session('one')))
    expect([a, b, c].map(offered)).toEqual([[session('one')], [], []])
    a.say({ type: 'offer.declined', sessionId: session('one'), epoch: 1, code: 'no_capacity' })
    expect(offered(b)).toEqual([session('one')])
    await world.clock.advance(2_000)
    expect(offered(c)).toEqual([session('one')])
    accept(c, session('one'))
    await expect(placed).resolves.toBe('nod_c')
    expect([a, b, c].flatMap(offered)).toHaveLength(3)
  })

  it('[FLT4] an acceptance that comes too late, or of another epoch, is taken back', async () => {
    const world = new FakeWorld()
    const [a, b] = [world.control('nod_a', 4), world.control('nod_b', 3)]
    const placed = world.rooms.fleet.place(offer(session('one'), 2))
    await world.clock.advance(2_000)
    accept(a, session('one'), 2)
    expect(a.socket.last('session.revoked')).toMatchObject({ sessionId: session('one'), reason: 'replaced' })
    accept(b, session('one'), 1)
    accept(b, session('one'), 2)
    await expect(placed).resolves.toBe('nod_b')
    accept(b, session('one'), 2)
    expect(b.socket.types).not.toContain('session.revoked')
  })

  it('[FLT5] when no slot is free, or nobody takes it, the answer is no_capacity and when to ask again', async () => {
    const world = new FakeWorld()
    const refusal = { fault: { code: 'no_capacity', retryAfterMs: 3_000 } }
    await expect(world.rooms.fleet.place(offer(session('one')))).rejects.toMatchObject(refusal)
    const a = world.control('nod_a', 1)
    const first = world.rooms.fleet.place(offer(session('one')))
    await expect(world.rooms.fleet.place(offer(session('two')))).rejects.toMatchObject(refusal)
    accept(a, session('one'))
    await expect(first).resolves.toBe('nod_a')
    await expect(world.rooms.fleet.place(offer(session('three')))).rejects.toMatchObject(refusal)
  })

  it('[FLT11] a released session frees its slot and its node is told; an offer that is out is taken back', async () => {
    const world = new FakeWorld()
    const a = world.control('nod_a', 1)
    const placed = world.rooms.fleet.place(offer(session('one')))
    accept(a, session('one'))
    await placed
    const status = { slots: 1, freeSlots: 0, sessions: [session('one')], engines: [], vram: null }
    a.say({ type: 'node.status', ...status })
    await world.rooms.fleet.release(session('one'), 'caller')
    expect(a.socket.last('session.revoked')).toMatchObject({ sessionId: session('one'), reason: 'caller' })
    const second = world.rooms.fleet.place(offer(session('two')))
    await world.rooms.fleet.release(session('two'), 'callerGone')
    await expect(second).rejects.toMatchObject({ fault: { code: 'not_found' } })
    void world.rooms.fleet.place(offer(session('three')))
    expect(offered(a)).toEqual([session('one'), session('two'), session('three')])
  })

  it('[FLT9] a draining node gets no offer, whether it says so or is asked to', async () => {
    const world = new FakeWorld()
    const [a, b, c] = [world.control('nod_a', 4), world.control('nod_b', 3), world.control('nod_c', 2)]
    a.say({ type: 'node.draining' })
    world.rooms.fleet.drain('nod_b')
    expect(b.socket.types).toContain('node.drain')
    void world.rooms.fleet.place(offer(session('one')))
    expect([a, b, c].map((end) => offered(end).length)).toEqual([0, 0, 1])
    expect((await world.rooms.fleet.nodes()).map(({ draining }) => draining)).toEqual([true, true, false])
  })
})

describe('on Node', () => {
  it('[FLT16] a call into the fleet room waits for the verb that runs in it', () => {
    const socket: string[][] = []
    const look = (): void => void socket.push(control?.socket.types.filter((type) => type === 'node.drain') ?? [])
    let control: End | undefined
    const world = new FakeWorld({
      nodeJoined: () => {
        world.rooms.fleet.drain('nod_one')
        look()
      },
    })
    control = new End(world.clock, world.rooms.admitControl({ nodeId: 'nod_one' }), 2_000)
    const status = { slots: 1, freeSlots: 1, sessions: [], engines: [], vram: null }
    control.say({ type: 'node.hello', name: 'a', version: '1', ...status })
    look()
    expect(socket).toEqual([[], ['node.drain']])
  })
})

describe('control sockets', () => {
  it('[FLT1] before hello anything else is refused; after it the node is welcome and seen, and hello comes only once', async () => {
    const world = new FakeWorld()
    const end = new End(world.clock, world.rooms.admitControl({ nodeId: 'nod_a' }), 2_000)
    end.say({ type: 'node.draining' })
    expect(end.socket.last('fault')).toMatchObject({ issues: ['node.draining before node.hello'] })
    expect(await world.rooms.fleet.nodes()).toEqual([])
    const status = { slots: 2, freeSlots: 2, sessions: [], engines: [], vram: { usedBytes: 1, totalBytes: 2 } }
    end.say({ type: 'node.hello', name: 'a', version: '1', ...status })
    expect(end.socket.last('node.welcome')).toEqual({ type: 'node.welcome', nodeId: 'nod_a' })
    expect(await world.rooms.fleet.nodes()).toMatchObject([{ nodeId: 'nod_a', name: 'a', version: '1', ...status }])
    end.say({ type: 'node.hello', name: 'a', version: '1', ...status })
    expect(end.socket.last('fault')).toMatchObject({ issues: ['node.hello: only once'] })
    end.say({ type: 'node.status', ...status, freeSlots: 1 })
    expect(await world.rooms.fleet.nodes()).toMatchObject([{ freeSlots: 1 }])
  })

  it('[FLT1] a socket without hello is closed after 10 s with a fault', async () => {
    const world = new FakeWorld()
    const end = new End(world.clock, world.rooms.admitControl({ nodeId: 'nod_a' }), 2_000)
    await world.clock.advance(10_000)
    expect(end.socket.last('fault')).toMatchObject({ code: 'deadline_exceeded', stage: 'node.hello' })
    expect(end.socket.closedWith).toBe(4508)
  })

  it('[FLT13] an unreadable message or audio on the control socket is a fault, and the node stays', async () => {
    const world = new FakeWorld()
    const end = world.control('nod_a')
    for (const wrong of ['{', '{"type":"nonsense"}', new Uint8Array(9)]) end.say(wrong)
    expect(end.socket.types.filter((type) => type === 'fault')).toHaveLength(3)
    expect(await world.rooms.fleet.nodes()).toHaveLength(1)
  })

  it('[FLT6] a second control socket of a node takes the place of the first, whose offers go elsewhere', async () => {
    const world = new FakeWorld()
    const first = world.control('nod_a', 4)
    const other = world.control('nod_b', 2)
    const placed = world.rooms.fleet.place(offer(session('one')))
    const second = world.control('nod_a', 4)
    expect(first.socket.closedWith).toBe(4101)
    expect(offered(other)).toEqual([session('one')])
    first.close()
    accept(first, session('one'))
    expect(await world.rooms.fleet.nodes()).toHaveLength(2)
    accept(other, session('one'))
    await expect(placed).resolves.toBe('nod_b')
    expect(second.socket.closedWith).toBeUndefined()
  })

  it('[FLT7] a node whose control socket closed is back within 8 s and keeps the sessions that it names', async () => {
    const world = new FakeWorld()
    const { control, caller } = await world.live()
    control.close()
    expect(await world.rooms.fleet.nodes()).toEqual([])
    await world.clock.advance(7_000)
    const back = world.control('nod_one', 2, [world.sessionId])
    await world.clock.advance(60_000)
    expect(caller.socket.types).not.toContain('session.ended')
    expect(back.socket.types).not.toContain('session.revoked')
  })

  it('[FLT7] a call whose data socket lives outlasts a control socket that stays away', async () => {
    const world = new FakeWorld()
    const { control, caller, node } = await world.live()
    control.close()
    await world.clock.advance(60_000)
    caller.say({ type: 'text.send', seq: 1, text: 'still there?' })
    expect(node.socket.types).toContain('text.send')
    const back = world.control('nod_one', 2, [world.sessionId])
    expect(back.socket.types).not.toContain('session.revoked')
  })

  it('[FLT7] a socket without hello does not lengthen the 8 s', () => {
    const away: FleetNode = { presence: { type: 'away', until: 8_000 }, held: new Set([session('one')]) }
    const state: FleetState = { nodes: new Map([['nod_a', away]]), pending: new Map() }
    const greeted = reduceFleet(state, { type: 'connected', nodeId: 'nod_a' }, 7_000).state
    expect(reduceFleet(greeted, { type: 'alarm' }, 7_999).effects).toEqual([])
    expect(reduceFleet(greeted, { type: 'alarm' }, 8_000).effects[0]).toEqual({
      type: 'lost',
      nodeId: 'nod_a',
      sessions: [session('one')],
    })
  })

  it('[FLT8] after 8 s of silence a node is dead: its sessions without a data socket are told', async () => {
    const world = new FakeWorld()
    const { control, caller, node } = await world.live()
    control.vanish()
    await world.clock.advance(5_000)
    node.close()
    await world.clock.advance(3_000)
    expect(control.socket.closedWith).toBe(CLOSE_RESUME)
    expect(caller.socket.last('session.ended')).toMatchObject({ reason: 'nodeLost' })
  })

  it('[FLT12] a node that comes back with sessions that are over is told so; those that it lost are told to their rooms', async () => {
    const world = new FakeWorld()
    const { control, caller, node } = await world.live()
    control.close()
    node.close()
    const back = world.control('nod_one', 2, [session('over')])
    expect(back.socket.messages).toContainEqual(expect.objectContaining({ sessionId: session('over') }))
    await world.until(() => caller.socket.types.includes('session.ended'))
    expect(caller.socket.last('fault')).toMatchObject({ code: 'node_lost' })
  })
})
