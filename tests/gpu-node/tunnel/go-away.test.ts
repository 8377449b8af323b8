// The node's two sockets and an edge that says when to come back, over real sockets.
import { afterEach, describe, expect, it } from 'vitest'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { startNodeWorld, type NodeWorld } from '#tests/gpu-node/node-world.ts'

/** Without being asked this node dials after 100 ms. */
const GOAWAY_MS = 600

const worlds: NodeWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})
async function start(): Promise<NodeWorld> {
  const world = await startNodeWorld()
  worlds.push(world)
  return world
}
const sendAway = (peer: { send(message: object): void; close(code: number): void }): number => {
  peer.send({ type: 'goaway', retryAfterMs: GOAWAY_MS })
  peer.close(CLOSE_RESUME)
  return Date.now()
}
// Timers count from when they were last looked at, and may so be some milliseconds early.
const SLACK_MS = 20

describe('a node that is sent away', () => {
  it('[GOA3] dials its control socket no earlier than it was asked to', async () => {
    const { edge, welcome } = await start()
    const toldAt = sendAway(await welcome())
    await (await edge.nextControl()).next('node.hello')
    expect(Date.now() - toldAt).toBeGreaterThan(GOAWAY_MS - SLACK_MS)
  })

  it('[GOA3] dials its data socket no earlier than it was asked to, and resumes', async () => {
    const world = await start()
    const { data } = await world.open(await world.welcome())
    await data.next('session.begun')
    const toldAt = sendAway(data)
    const again = await world.edge.nextData()
    expect(Date.now() - toldAt).toBeGreaterThan(GOAWAY_MS - SLACK_MS)
    expect(again.offered.resumeToken).toBe('resume_1')
    // What was asked once is over: the next loss is made good at once.
    again.send({ type: 'session.resumed', received: 0, resumeToken: 'resume_2' })
    const lostAt = Date.now()
    again.cut()
    await world.edge.nextData()
    expect(Date.now() - lostAt).toBeLessThan(GOAWAY_MS)
  })
})
