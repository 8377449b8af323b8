// The session room with virtual time: a caller with the least of a client, who acknowledges nothing and never comes back.
import { describe, expect, it } from 'vitest'
import { newId, type TurnId } from '#shared/ids.ts'
import type { Fault } from '#shared/fault.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import { NO_TIMINGS } from '#shared/model/turn.ts'
import { CALLER_DEAD_AFTER_MS, MAX_REPLAY_MS, PING_EVERY_MS } from '#shared/protocol/limits.ts'
import { audio, FakeWorld, type End } from '#tests/edge/rooms-world.ts'

/** The node's end of the link, with the product's own buffer: full where nobody acknowledges. */
function nodeLink(world: FakeWorld, node: End): { link: LinkEnd; faults: Fault[]; hear: () => void } {
  const faults: Fault[] = []
  const link = new LinkEnd({ clock: world.clock, onOverflow: (fault) => faults.push(fault) })
  link.attach((frame) => node.say(frame))
  const hear = (): void => link.acked(Number(node.socket.last('ack')?.received ?? 0))
  return { link, faults, hear }
}

/** One exchange: the caller speaks, the node replies with two seconds of sound. */
async function turn(
  world: FakeWorld,
  ends: { caller: End; node: End; link: LinkEnd; hear: () => void },
  first: number,
) {
  const turnId: TurnId = newId('turn')
  const { caller, node, link, hear } = ends
  for (let seq = first; seq < first + 10; seq++) caller.say(audio(seq))
  node.say({ type: 'ack', received: first + 9 })
  link.sendMessage({ type: 'utterance.started', turnId, turn: 1, atSample: 0 })
  link.sendMessage({ type: 'transcript.final', turnId, text: 'hello', language: 'en' })
  link.sendMessage({ type: 'reply.text', turnId, text: 'Hello.', startSample: 0 })
  for (let frames = 0; frames < 20; frames++) {
    link.sendAudio(1, new Uint8Array(4_800))
    await world.clock.advance(100)
    hear()
  }
  const said = { replyText: 'Hello.', heardText: 'Hello.', sentSamples: 48_000, timings: NO_TIMINGS }
  link.sendMessage({ type: 'reply.done', turnId, status: 'complete', ...said })
  hear()
}

describe('a caller who acknowledges nothing', () => {
  it('[EXA1] lives for as long as one who does, where session.start said so', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live({ acks: false })
    const { link, faults, hear } = nodeLink(world, node)
    await turn(world, { caller, node, link, hear }, 1)
    await world.clock.advance(86_000)
    await turn(world, { caller, node, link, hear }, 11)
    expect(faults).toEqual([])
    expect(link.isFlushed).toBe(true)
    expect(caller.socket.types.filter((type) => type === 'reply.done')).toHaveLength(2)
    expect(caller.socket.messages.filter(({ type }) => type === 'fault')).toEqual([])
    expect(caller.socket.closedWith).toBeUndefined()
    caller.say({ type: 'session.end' })
    await world.until(() => node.socket.types.includes('session.end'))
  })

  it('[EXA2] cannot resume: it is given no token, and its session is over as soon as its socket is', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live({ acks: false })
    const ready = caller.socket.last('session.ready')
    expect(ready).not.toHaveProperty('resumeToken')
    expect(ready).not.toHaveProperty('resumeUrl')
    caller.close()
    await world.until(() => node.socket.types.includes('session.end'))
    expect(node.socket.last('session.end')).toMatchObject({ reason: 'caller' })
  })

  it('[EXA2] is ended also where the room closed the socket, for silence', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live({ acks: false })
    caller.vanish()
    await world.clock.advance(CALLER_DEAD_AFTER_MS)
    expect(node.socket.last('session.end')).toMatchObject({ reason: 'caller' })
  })

  it('[EXA3] ends with the limit that was passed where session.start did not say so', async () => {
    const world = new FakeWorld()
    const { caller, node } = await world.live()
    const { link, faults, hear } = nodeLink(world, node)
    await turn(world, { caller, node, link, hear }, 1)
    await world.clock.advance(MAX_REPLAY_MS)
    link.sendMessage({ type: 'session.notice', notice: 'draining' })
    expect(faults).toMatchObject([{ code: 'too_large', limit: 'replay' }])
    // What a node says then.
    node.say({ type: 'session.failed', code: 'too_large' })
    await world.until(() => caller.socket.closedWith !== undefined)
    const limit = { limit: 'replay', max: MAX_REPLAY_MS, unit: 'ms' }
    expect(caller.socket.last('fault')).toMatchObject({ code: 'too_large', ...limit })
    expect(caller.socket.last('fault')?.got).toBeGreaterThanOrEqual(MAX_REPLAY_MS)
    expect(caller.socket.closedWith).toBe(4413)
  })

  it('[EXA4] a caller is told where to resume, and how often to ping', async () => {
    const world = new FakeWorld()
    const { caller } = await world.live()
    const ready = caller.socket.last('session.ready')
    expect(ready).toMatchObject({
      resumeUrl: `/ws/chat?session=${world.sessionId}`,
      heartbeat: { pingEveryMs: PING_EVERY_MS, deadAfterMs: CALLER_DEAD_AFTER_MS },
    })
  })
})
