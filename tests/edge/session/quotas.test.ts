// The session room with virtual time: what it makes of a quota that is used up while somebody talks.
import { describe, expect, it } from 'vitest'
import type { QuotaStanding } from '#edge/store/quotas.ts'
import { newId } from '#shared/ids.ts'
import { NO_TIMINGS } from '#shared/model/turn.ts'
import { CLOSE_NORMAL } from '#shared/protocol/close-codes.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { FakeWorld } from '#tests/edge/rooms-world.ts'

const [first, second] = [newId('turn'), newId('turn')]
const began = (seq: number, turnId: string, turn: number) => ({
  type: 'utterance.started',
  seq,
  turnId,
  turn,
  atSample: 0,
})
const done = (seq: number, turnId: string) => {
  const said = { replyText: 'Yes.', heardText: 'Yes.', sentSamples: 0, timings: NO_TIMINGS }
  return { type: 'reply.done', seq, turnId, status: 'complete', ...said }
}

describe('a quota that is used up', () => {
  const spent = (now: number): QuotaStanding['exhausted'] => {
    return { code: 'quota_exhausted', quota: 'audioMs', retryAfterMs: 1_000, resetAt: now + 1_000 }
  }

  async function talk() {
    const world = new FakeWorld()
    const { caller, control, node } = await world.live()
    const { conversationId } = caller.socket.last('session.ready') ?? {}
    return {
      world,
      caller,
      node,
      store: async (standing: QuotaStanding) => {
        world.store.standing = standing
        const stored = control.socket.types.length
        control.say({ type: 'turn.finished', sessionId: world.sessionId, conversationId, turn: turnRecord() })
        await world.until(() => control.socket.types.length > stored)
        await world.clock.settle()
      },
    }
  }

  it('[QUO11] ends the session at once where nobody speaks, and is told before', async () => {
    const { world, caller, node, store } = await talk()
    await store({ near: ['audioMs'], exhausted: undefined })
    await store({ near: ['audioMs'], exhausted: undefined })
    expect(caller.socket.types.filter((type) => type === 'session.notice')).toHaveLength(1)
    expect(caller.socket.last('session.notice')).toMatchObject({ notice: 'limitNear', detail: 'audioMs 80' })
    await store({ near: ['audioMs'], exhausted: spent(world.clock.now()) })
    expect(caller.socket.last('session.notice')).toMatchObject({ notice: 'limitNear', detail: 'audioMs 100' })
    expect(caller.socket.last('fault')).toMatchObject({
      code: 'quota_exhausted',
      quota: 'audioMs',
      retryAfterMs: 1_000,
    })
    expect(node.socket.last('session.end')).toMatchObject({ reason: 'fault' })
    node.close(CLOSE_NORMAL)
    await world.until(() => caller.socket.closedWith !== undefined)
    expect([caller.socket.last('session.ended')?.['reason'], caller.socket.closedWith]).toEqual(['fault', 4429])
  })

  it('[QUO11] lets the turn be finished that is being said, and none that begins after it', async () => {
    const { world, caller, node, store } = await talk()
    node.say(began(1, first, 1))
    await store({ near: [], exhausted: spent(world.clock.now()) })
    node.say(began(2, second, 2))
    expect(caller.socket.types).not.toContain('fault')
    node.say(done(3, first))
    expect(caller.socket.last('reply.done')).toMatchObject({ turnId: first })
    expect(caller.socket.last('fault')).toMatchObject({ code: 'quota_exhausted' })
    expect(node.socket.last('session.end')).toMatchObject({ reason: 'fault' })
  })

  it('[QUO11] waits for no sound that held no word', async () => {
    const { world, caller, node, store } = await talk()
    node.say(began(1, first, 1))
    await store({ near: [], exhausted: spent(world.clock.now()) })
    node.say({ type: 'utterance.ended', seq: 2, turnId: first, atSample: 1, reason: 'noSpeech' })
    expect(caller.socket.last('fault')).toMatchObject({ code: 'quota_exhausted' })
  })
})
