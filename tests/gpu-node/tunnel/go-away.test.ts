// The node's two sockets and an edge that says when to come back, over real sockets.
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock, type Clock } from '#shared/clock.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { startNodeWorld, type NodeWorld } from '#tests/gpu-node/node-world.ts'

/** Without being asked this node dials after 100 ms. */
const FAST_TRY_MS = 100
const GOAWAY_MS = 600

/** Timers run as ever; what the clock says is the test's, and each wait is noted. */
function createNotedClock(): { clock: Clock; waits: number[]; pass(ms: number): void } {
  const waits: number[] = []
  let now = 1_000_000
  const after: Clock['after'] = (ms, run) => {
    waits.push(ms)
    return systemClock.after(ms, run)
  }
  return { clock: { ...systemClock, now: () => now, after }, waits, pass: (ms) => void (now += ms) }
}

const worlds: NodeWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})
async function start(clock: Clock): Promise<NodeWorld> {
  const world = await startNodeWorld({ clock })
  worlds.push(world)
  return world
}
function sendAway(peer: { send(message: object): void; close(code: number): void }): void {
  peer.send({ type: 'goaway', retryAfterMs: GOAWAY_MS })
  peer.close(CLOSE_RESUME)
}

describe('a node that is sent away', () => {
  it('[GOA3] dials its control socket no earlier than it was asked to', async () => {
    const { clock, waits } = createNotedClock()
    const { edge, welcome } = await start(clock)
    sendAway(await welcome())
    await (await edge.nextControl()).next('node.hello')
    expect([waits.includes(GOAWAY_MS), waits.includes(FAST_TRY_MS)]).toEqual([true, false])
  })

  it('[GOA3] dials its data socket no earlier than it was asked to, and resumes', async () => {
    const { clock, waits, pass } = createNotedClock()
    const world = await start(clock)
    const { data } = await world.open(await world.welcome())
    await data.next('session.begun')
    sendAway(data)
    const again = await world.edge.nextData()
    expect([waits.includes(GOAWAY_MS), waits.includes(FAST_TRY_MS)]).toEqual([true, false])
    expect(again.offered.resumeToken).toBe('resume_1')
    // What was asked once is over: the next loss is made good at once.
    again.send({ type: 'session.resumed', received: 0, resumeToken: 'resume_2' })
    pass(GOAWAY_MS)
    waits.length = 0
    again.cut()
    await world.edge.nextData()
    expect([waits.includes(GOAWAY_MS), waits.includes(FAST_TRY_MS)]).toEqual([false, true])
  })
})
