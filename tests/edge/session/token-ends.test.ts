// The session room with virtual time: what becomes of a call when the key or token behind it ends.
import { describe, expect, it } from 'vitest'
import { mayTakeOver } from '#edge/session/renewal.ts'
import { TEXT_RATE } from '#edge/session/caller-allowance.ts'
import { newId } from '#shared/ids.ts'
import type { Caller } from '#shared/model/caller.ts'
import { NO_TIMINGS } from '#shared/model/turn.ts'
import { CALLER, FakeWorld, type End } from '#tests/edge/rooms-world.ts'

const MINUTE_MS = 60_000
/** Before a session without words ends by itself. */
const END_MS = 4 * MINUTE_MS
const turnId = newId('turn')
const notices = (end: End) => end.socket.messages.filter(({ type }) => type === 'session.notice')
const update = (seq: number, token: string) => ({ type: 'session.update', seq, token })
const began = (seq: number) => ({ type: 'utterance.started', seq, turnId, turn: 1, atSample: 0 })
const done = (seq: number) => {
  const said = { replyText: 'Yes.', heardText: 'Yes.', sentSamples: 0, timings: NO_TIMINGS }
  return { type: 'reply.done', seq, turnId, status: 'complete', ...said }
}

/** A call whose key ends in END_MS, and what its caller may hand in. */
async function callUntil(found: Record<string, Partial<Caller>> = {}) {
  const asked: string[] = []
  const world = new FakeWorld({
    callerByToken: async (token) => {
      asked.push(token)
      return found[token] && { ...CALLER, ...found[token] }
    },
  })
  const endsAt = world.clock.now() + END_MS
  world.who = { ...CALLER, endsAt }
  const ends = await world.live()
  const pass = async (ms: number): Promise<void> => world.clock.advance(ms)
  return { world, endsAt, asked, pass, ...ends }
}

describe('a key or token that ends', () => {
  it('[HOS13] is told 60 s before, and ends the session where nobody speaks', async () => {
    const { caller, node, endsAt, pass } = await callUntil()
    await pass(END_MS - MINUTE_MS - 1)
    expect(notices(caller)).toEqual([])
    await pass(1)
    expect(notices(caller)).toEqual([expect.objectContaining({ notice: 'tokenEnds', endsAt })])
    await pass(MINUTE_MS - 1)
    expect(node.socket.types).not.toContain('session.end')
    await pass(1)
    expect(notices(caller)).toHaveLength(1)
    expect(caller.socket.last('fault')).toMatchObject({ code: 'unauthenticated' })
    expect(node.socket.last('session.end')).toMatchObject({ reason: 'fault' })
    node.close(1000)
    await pass(0)
    expect([caller.socket.last('session.ended')?.['reason'], caller.socket.closedWith]).toEqual(['fault', 4401])
  })

  it('[HOS13] lets the turn be finished that is being said', async () => {
    const { caller, node, pass } = await callUntil()
    await pass(END_MS - 1_000)
    node.say(began(1))
    await pass(20_000)
    expect(caller.socket.types).not.toContain('fault')
    node.say(done(2))
    expect(caller.socket.last('reply.done')).toMatchObject({ turnId })
    expect(caller.socket.last('fault')).toMatchObject({ code: 'unauthenticated' })
    expect(node.socket.types).toContain('session.end')
  })

  it('[HOS13] of a caller without an end, nothing is told', async () => {
    const world = new FakeWorld()
    const { caller } = await world.live()
    await world.clock.advance(END_MS)
    expect(notices(caller)).toEqual([])
  })

  it('[HOS14] is replaced by another one of the same user, which is told, and by one without an end', async () => {
    const { world, caller, node, endsAt, pass } = await callUntil({
      next: { endsAt: Date.now() + 1e12, keyId: 'key_two' },
      forever: { keyId: 'key_three' },
    })
    await pass(END_MS - MINUTE_MS)
    caller.say(update(1, 'next'))
    await pass(0)
    expect(notices(caller).map(({ notice }) => notice)).toEqual(['tokenEnds', 'tokenRenewed'])
    caller.say(update(2, 'forever'))
    await pass(0)
    expect(notices(caller).at(-1)).not.toHaveProperty('endsAt')
    node.say(began(1))
    await pass(2 * MINUTE_MS)
    expect(world.clock.now()).toBeGreaterThan(endsAt)
    expect(caller.socket.types).not.toContain('fault')
    // Now the session hangs on the other key.
    await world.rooms.sessions.keysEnded([CALLER.keyId])
    expect(node.socket.types).not.toContain('session.end')
    await world.rooms.sessions.keysEnded(['key_three'])
    expect(node.socket.types).toContain('session.end')
  })

  it('[HOS14] is replaced also after its end, while the last turn is being said', async () => {
    const { caller, node, pass } = await callUntil({ next: {} })
    await pass(END_MS - 1_000)
    node.say(began(1))
    await pass(2_000)
    caller.say(update(1, 'next'))
    await pass(0)
    node.say(done(2))
    expect(caller.socket.types).not.toContain('fault')
    expect(node.socket.types).not.toContain('session.end')
  })

  it.each([
    ['unknown', undefined],
    ['of somebody else', { userId: 'usr_two' }],
    ['that may not talk', { scopes: ['voices'] }],
    ['of other pages', { origins: ['https://example.org'] }],
  ] as Array<[string, Partial<Caller> | undefined]>)(
    '[HOS14] is not replaced by one %s: a fault, and the session goes on until its end',
    async (_what, found) => {
      const { caller, node, pass } = await callUntil(found && { other: found })
      caller.say(update(1, 'other'))
      await pass(0)
      expect(caller.socket.last('fault')).toMatchObject({ code: 'unauthenticated', reason: 'key' })
      expect(caller.socket.closedWith).toBeUndefined()
      node.say({ type: 'ack', received: 1 })
      await pass(END_MS)
      expect(node.socket.types).toContain('session.end')
    },
  )

  it('[HOS14] an admin may talk; a page of the first key must be one of the other’s', () => {
    const at = (...origins: string[]): Caller => ({ ...CALLER, origins })
    expect(mayTakeOver({ ...CALLER, scopes: ['admin'] }, CALLER)).toBe(true)
    expect(mayTakeOver(at('https://a', 'https://b'), at('https://a'))).toBe(true)
    expect(mayTakeOver(at('https://b'), at('https://a', 'https://b'))).toBe(false)
    expect(mayTakeOver(CALLER, at('https://a'))).toBe(true)
    expect(mayTakeOver(at('https://a'), CALLER)).toBe(false)
  })

  it('[HOS15] what is handed in stays at the edge, and its number is used up', async () => {
    const { world, caller, node, pass } = await callUntil({ secret: {} })
    caller.say({ ...update(1, 'secret'), ttsMode: 'hq' })
    await pass(0)
    expect(node.socket.last('session.update')).toEqual({ type: 'session.update', seq: 1, ttsMode: 'hq' })
    const token = node.socket.last('session.begin')?.['resumeToken']
    node.close()
    const back = await world.redial(token, 0)
    expect(back.socket.last('session.update')).toEqual({ type: 'session.update', seq: 1, ttsMode: 'hq' })
    const sent = [node, back].flatMap(({ socket }) => socket.sent.map(String))
    expect(sent.filter((frame) => frame.includes('secret'))).toEqual([])
  })

  it('[HOS15] is looked up once, however often it is sent again, and not without limit', async () => {
    const { world, caller, asked } = await callUntil({ secret: {} })
    for (let times = 0; times < 3; times++) caller.say(update(1, 'secret'))
    expect(asked).toEqual(['secret'])
    for (let seq = 2; caller.socket.closedWith === undefined && seq < 100; seq++) caller.say(update(seq, 'other'))
    expect(caller.socket.closedWith).toBe(4429)
    expect(asked.length).toBeLessThanOrEqual(TEXT_RATE.capacity + 1)
    await world.clock.settle()
  })
})
