// Bugs of the edge while a session lives, and while its end is being made: the end is finished in any case.
import { describe, expect, it } from 'vitest'
import { TurnLog } from '#edge/session/turn-log.ts'
import { newId } from '#shared/ids.ts'
import { CLOSE_NORMAL } from '#shared/protocol/close-codes.ts'
import { audio, FakeWorld, type End } from '#tests/edge/rooms-world.ts'
import { silentMetrics } from '#tests/edge/sockets-world.ts'

const breaks = (): never => {
  throw new TypeError('a bug')
}

/** Says session.end, and the node leaves. */
async function hangUp(world: FakeWorld, { caller, node }: { caller: End; node: End }): Promise<void> {
  caller.say({ type: 'session.end' })
  node.close(1006)
  await world.until(() => caller.socket.closedWith !== undefined)
}

/** The slot is free, the end is written, the conversation can be continued, and no room is left. */
async function expectFinished(world: FakeWorld, control: End, conversationId: unknown): Promise<void> {
  expect(control.socket.last('session.revoked')).toMatchObject({ sessionId: world.sessionId })
  expect(world.stored?.endReason).toBeDefined()
  expect(await world.rooms.sessions.count()).toBe(0)
  const next = await world.caller(newId('session'))
  next.say({ type: 'session.start', conversationId })
  await world.until(() => control.socket.types.filter((type) => type === 'session.offer').length === 2)
}

describe('a bug in a session', () => {
  it('[SES24] ends it with internal and leaves the others alone', async () => {
    const world = new FakeWorld()
    const { caller, control, node } = await world.live()
    const { conversationId } = caller.socket.last('session.ready') ?? {}
    const other = await world.caller(newId('session'))
    node.socket.send = breaks
    caller.say(audio(1))
    await world.until(() => caller.socket.closedWith !== undefined)
    expect(caller.socket.last('fault')?.['code']).toBe('internal')
    expect(caller.socket.closedWith).toBe(1011)
    expect(other.socket.closedWith).toBeUndefined()
    expect(await world.rooms.sessions.count()).toBe(1)
    other.close()
    await world.clock.settle()
    await expectFinished(world, control, conversationId)
  })

  it('[SES24] in the turn log, while a turn is cut, holds back nothing else of the end', async () => {
    const { cut } = TurnLog.prototype
    TurnLog.prototype.cut = breaks
    try {
      const world = new FakeWorld()
      const ends = await world.live()
      const { conversationId } = ends.caller.socket.last('session.ready') ?? {}
      await hangUp(world, ends)
      expect(ends.caller.socket.last('session.ended')).toMatchObject({ reason: 'caller' })
      await expectFinished(world, ends.control, conversationId)
    } finally {
      TurnLog.prototype.cut = cut
    }
  })

  it.each(['sessions_ended', 'faults'])(
    '[SES24] in the count of %s, while the end is made, holds back nothing of it',
    async (broken) => {
      const count = (name: string): void => (name === broken ? breaks() : undefined)
      const world = new FakeWorld({ metrics: { ...silentMetrics, count } })
      const ends = await world.live()
      const { conversationId } = ends.caller.socket.last('session.ready') ?? {}
      ends.node.say({ type: 'session.failed', code: 'internal' })
      await world.until(() => ends.caller.socket.closedWith !== undefined)
      await expectFinished(world, ends.control, conversationId)
    },
  )

  it.each(['storeTurn', 'ended'] as const)(
    '[SES24] in the store’s %s, which throws at once, neither',
    async (method) => {
      const world = new FakeWorld()
      const ends = await world.live()
      const { turns, sessions } = world.store
      const turnId = newId('turn')
      ends.node.say({ type: 'utterance.started', seq: 1, turnId, turn: 1, atSample: 0 })
      ends.node.say({ type: 'transcript.final', seq: 2, turnId, text: 'words', language: 'en' })
      Object.assign(method === 'ended' ? sessions : turns, { [method]: breaks })
      await hangUp(world, ends)
      expect(ends.control.socket.last('session.revoked')).toMatchObject({ sessionId: world.sessionId })
      expect(await world.rooms.sessions.count()).toBe(0)
      expect(world.stored?.endReason).toBe(method === 'ended' ? undefined : 'caller')
    },
  )

  it('[SES24] a socket that cannot be closed does not keep the other end, nor the room', async () => {
    const world = new FakeWorld()
    const ends = await world.live()
    ends.caller.socket.close = breaks
    ends.caller.say({ type: 'session.end' })
    ends.node.close(CLOSE_NORMAL)
    await world.until(() => world.stored?.endReason !== undefined)
    await world.clock.settle()
    expect(await world.rooms.sessions.count()).toBe(0)
  })
})
