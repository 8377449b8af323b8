// Whatever breaks between two ends, and whenever the middle forgets, each frame arrives once and in order.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import { LinkWorld, type Side } from './link-world.ts'

/** Longer than ACK_EVERY_MS, so that everything is acknowledged. */
const ACK_PAUSE_MS = 250

const side = fc.constantFrom<Side>('caller', 'node')
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('say' as const), side, kind: fc.constantFrom('text', 'audio') }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      side,
      direction: fc.constantFrom('up', 'down'),
      count: fc.integer({ min: 1, max: 40 }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('connect' as const), side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('disconnect' as const), side }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('resume' as const), side }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat' as const), side }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pause' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('loseMiddle' as const) }) },
)
const loss = fc.record({
  do: fc.constant('lose' as const),
  side,
  direction: fc.constantFrom('up', 'down'),
})
type Step = typeof step | typeof loss extends fc.Arbitrary<infer T> ? T : never

async function play(steps: Step[]): Promise<LinkWorld> {
  const clock = createVirtualClock()
  const world = new LinkWorld(clock)
  world.connect('caller')
  world.connect('node')
  for (const each of steps) {
    if (each.do === 'say') world.say(each.side, each.kind as 'text' | 'audio')
    if (each.do === 'deliver') world.deliver(each.side, each.direction as 'up' | 'down', each.count)
    if (each.do === 'connect') world.connect(each.side)
    if (each.do === 'disconnect') world.disconnect(each.side)
    if (each.do === 'resume') {
      world.disconnect(each.side)
      world.connect(each.side)
      world.deliver(each.side, 'down', 1)
    }
    if (each.do === 'lose') world.lose(each.side, each.direction as 'up' | 'down')
    if (each.do === 'repeat') world.repeat(each.side)
    if (each.do === 'loseMiddle') world.loseMiddle()
    if (each.do === 'pause') await clock.advance(ACK_PAUSE_MS)
  }
  // The last frame may have vanished: nothing but a new connection shows that.
  for (const each of ['caller', 'node'] as const) {
    if (steps.some((step) => step.do === 'lose')) world.disconnect(each)
    world.connect(each)
  }
  // Down first, then up, then the acks, to the far end and back.
  for (let round = 0; round < 6; round++) {
    for (const at of ['caller', 'node'] as const) {
      world.deliver(at, 'down', 1_000)
      world.deliver(at, 'up', 1_000)
    }
    await clock.advance(ACK_PAUSE_MS)
  }
  return world
}

it('[LNK1] every frame arrives once and in order, whatever breaks on either leg', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 120, size: 'max' }), async (steps) => {
      const world = await play(steps.filter((each) => each.do !== 'loseMiddle'))
      expect(world.taken.node).toEqual(world.sent.caller)
      expect(world.taken.caller).toEqual(world.sent.node)
      expect(world.wrong).toEqual([])
    }),
    { numRuns: 400 },
  )
})

it('[LNK1] a frame that vanishes is noticed by the next one, and comes after all', { timeout: 120_000 }, async () => {
  const lossy = fc.oneof({ weight: 10, arbitrary: step }, { weight: 1, arbitrary: loss })
  await fc.assert(
    fc.asyncProperty(fc.array(lossy, { minLength: 10, maxLength: 120, size: 'max' }), async (steps) => {
      // A middle without memory goes by the first number that comes: there it counts on the socket to lose nothing.
      const world = await play(steps.filter((each) => each.do !== 'loseMiddle'))
      expect(world.taken.node).toEqual(world.sent.caller)
      expect(world.taken.caller).toEqual(world.sent.node)
      expect(world.wrong).toEqual([])
    }),
    { numRuns: 400 },
  )
})

it('[LNK2] the middle may lose all that it knows at any moment', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 120, size: 'max' }), async (steps) => {
      const world = await play(steps)
      expect(world.taken.node).toEqual(world.sent.caller)
      expect(world.taken.caller).toEqual(world.sent.node)
      expect(world.wrong).toEqual([])
    }),
    { numRuns: 1_500 },
  )
})

it('[LNK10] once all has arrived, nothing is kept at either end', { timeout: 120_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const world = await play(steps)
      expect([world.ends.caller.isFlushed, world.ends.node.isFlushed]).toEqual([true, true])
    }),
    { numRuns: 200 },
  )
})

it('[LNK2] what the middle took but had not passed on survives its loss', () => {
  const world = new LinkWorld(createVirtualClock())
  world.connect('caller')
  world.deliver('caller', 'down', 1)
  world.say('caller', 'text')
  world.deliver('caller', 'up', 1)
  // The middle says that it has the message; the node never got it.
  world.disconnect('caller')
  world.connect('caller')
  world.deliver('caller', 'down', 1)
  world.loseMiddle()
  world.connect('node')
  world.connect('caller')
  world.deliver('caller', 'down', 10)
  world.deliver('caller', 'up', 10)
  world.deliver('node', 'down', 10)
  expect(world.taken.node).toEqual(['text-0'])
})
