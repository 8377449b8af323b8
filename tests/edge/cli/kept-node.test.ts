// The GPU node beside `parley start`: what becomes of it, and what is said of that. The programs are scripted.
import { expect, it } from 'vitest'
import { KeptNode } from '#edge/cli/kept-node.ts'
import type { ChildGroup, ProgramEnd } from '#shared/on-node/child-group.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

function world() {
  const clock = createVirtualClock()
  const launched: Array<{ end: (end: ProgramEnd) => void }> = []
  const said: string[] = []
  const launch = (): ChildGroup => {
    const { promise, resolve } = Promise.withResolvers<ProgramEnd>()
    launched.push({ end: resolve })
    const stop = async (): Promise<void> => resolve({ code: 0, how: 'exit code 0' })
    return { pid: launched.length, ready: Promise.resolve(), ended: promise, stop }
  }
  const node = new KeptNode({ launch, say: (text) => said.push(text), clock, random: () => 0.5 })
  node.keep()
  return { clock, launched, said, node }
}
const CRASH = { code: null, how: 'signal SIGKILL' }

it('[STA7] a node that crashed is started again, after longer and longer waits', async () => {
  const { clock, launched, said, node } = world()
  for (const [crashes, waitMs] of [1_000, 2_000, 4_000].entries()) {
    launched.at(-1)?.end(CRASH)
    await clock.advance(waitMs - 1)
    expect(launched).toHaveLength(crashes + 1)
    await clock.advance(1)
    expect(launched).toHaveLength(crashes + 2)
  }
  expect(said[1]).toBe('the GPU node ended: signal SIGKILL; the edge goes on, and the node is started again in 2 s')
  await clock.advance(60_000)
  launched.at(-1)?.end(CRASH)
  await clock.advance(1_000)
  expect(launched).toHaveLength(5)
  await node.stop()
})

it('[STA7] a node that the edge refuses is given up', async () => {
  const { clock, launched, said } = world()
  launched[0]?.end({ code: 78, how: 'exit code 78' })
  await clock.advance(120_000)
  expect(launched).toHaveLength(1)
  expect(said).toEqual([expect.stringMatching(/^the edge refuses the GPU node/)])
})

it('[STA7] nothing is started again once everything is being stopped', async () => {
  const { clock, launched, said, node } = world()
  await node.stop()
  await clock.advance(120_000)
  expect([launched.length, said]).toEqual([1, []])
  const waiting = world()
  waiting.launched[0]?.end(CRASH)
  await waiting.clock.advance(10)
  await waiting.node.stop()
  await waiting.clock.advance(120_000)
  expect(waiting.launched).toHaveLength(1)
})
