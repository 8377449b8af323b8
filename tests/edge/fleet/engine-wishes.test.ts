// Placement by engines: a persona's session goes where they are.
import { describe, expect, it } from 'vitest'
import type { EngineWishes } from '#shared/model/engine.ts'
import type { SessionId } from '#shared/ids.ts'
import { FakeWorld, type End } from '#tests/edge/rooms-world.ts'

const engine = (role: string, name: string, version = '1') => ({
  role,
  name,
  version,
  demonstration: false,
  ready: false,
})
const status = (end: End, engines: object[]): void =>
  end.say({ type: 'node.status', slots: 4, freeSlots: 4, sessions: [], engines, vram: null })
const offersTo = (end: End): number => end.socket.types.filter((type) => type === 'session.offer').length

function fleet() {
  const world = new FakeWorld()
  const [plain, good] = [world.control('nod_a', 4), world.control('nod_b', 4)]
  status(plain, [engine('llm', 'qwen', '2'), engine('tts', 'flite')])
  status(good, [engine('llm', 'qwen', '3'), engine('tts', 'flite'), engine('tts', 'f5')])
  const place = (engines?: EngineWishes) => {
    const sessionId: SessionId = 'ses_one'
    const placed = world.rooms.fleet.place({ sessionId, epoch: 1, ticket: 't', expiresAt: 0, engines })
    for (const end of [plain, good]) end.say({ type: 'offer.accepted', sessionId, epoch: 1 })
    return placed
  }
  return { world, plain, good, place }
}

describe('a session whose persona wishes for engines', () => {
  it.each<[string, EngineWishes | undefined, string]>([
    ['none', undefined, 'nod_a'],
    ['what both have, by name', { llm: 'qwen', tts: 'flite' }, 'nod_a'],
    ['another version', { llm: 'qwen@3' }, 'nod_b'],
    ['one that stands second in its role', { tts: 'f5' }, 'nod_b'],
  ])('[PER8] goes to a node that has them: %s', async (_, engines, node) => {
    await expect(fleet().place(engines)).resolves.toBe(node)
  })

  it.each<EngineWishes>([{ llm: 'qwen@4' }, { llm: 'f5' }, { llm: 'qwen@2', tts: 'f5' }])(
    '[PER8] is refused where no node has all: %j',
    async (engines) => {
      const { plain, good, place } = fleet()
      const fault = { code: 'no_capacity', retryAfterMs: 3_000, reason: 'engines' }
      await expect(place(engines)).rejects.toMatchObject({ fault })
      expect([offersTo(plain), offersTo(good)]).toEqual([0, 0])
    },
  )

  it('[PER8] is not offered to a node without them when the one that has them declines', async () => {
    const { world, plain, good } = fleet()
    const offer = { sessionId: 'ses_one', epoch: 1, ticket: 't', expiresAt: 0, engines: { tts: 'f5' } } as const
    const placed = world.rooms.fleet.place(offer)
    good.say({ type: 'offer.declined', sessionId: 'ses_one', epoch: 1, code: 'no_capacity' })
    await expect(placed).rejects.toHaveProperty('fault', { code: 'no_capacity', retryAfterMs: 3_000 })
    expect(offersTo(plain)).toBe(0)
  })
})
