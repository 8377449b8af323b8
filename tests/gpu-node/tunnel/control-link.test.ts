// The control socket over real sockets: hello, status, offers, requests, refusals, reconnects.
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock, type Clock } from '#shared/clock.ts'
import { newId } from '#shared/ids.ts'
import { startScriptedEdge } from '#tests/fakes/scripted-edge.ts'
import type { NodeWorld, WorldOptions } from '#tests/gpu-node/node-world.ts'
import { offer, quietEngines, startNodeWorld, TOKEN } from '#tests/gpu-node/node-world.ts'

const worlds: NodeWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})
async function start(options?: WorldOptions): Promise<NodeWorld> {
  const world = await startNodeWorld(options)
  worlds.push(world)
  return world
}
const aSession = () => ({ sessionId: newId('session'), epoch: 1 })

describe('control link', () => {
  it('[TUN11] the node dials the edge with its token and the version of the wire, and says first what it is', async () => {
    const { edge } = await start()
    const control = await edge.nextControl()
    const hello = await control.next('node.hello')
    expect(control).toMatchObject({
      path: '/node/control',
      authorization: `Bearer ${TOKEN}`,
      offered: { protocols: ['parley.node.v1'] },
    })
    expect(control.messages[0]).toBe(hello)
    expect(hello).toMatchObject({ name: 'scripted', slots: 2, freeSlots: 2, sessions: [], vram: null })
    expect(hello.engines.map(({ role, ready }) => [role, ready])).toEqual([
      ['vad', true],
      ['stt', true],
      ['llm', true],
      ['tts', true],
    ])
  })

  it('[TUN12] an offer is accepted while a slot is free and declined without one; each change is told at once', async () => {
    const { edge, welcome } = await start()
    const control = await welcome()
    const [first, second] = [aSession(), aSession()]
    await offer(edge, control, first)
    await offer(edge, control, second)
    control.send({ type: 'session.offer', ...aSession(), ticket: 't', expiresAt: Date.now() + 1_000 })
    expect(await control.next('offer.declined')).toMatchObject({ code: 'no_capacity' })
    const [, one, two] = [
      await control.next('node.status'),
      await control.next('node.status'),
      await control.next('node.status'),
    ]
    expect([one.freeSlots, two.freeSlots]).toEqual([1, 0])
    expect(two.sessions).toEqual([first.sessionId, second.sessionId])
    control.send({ type: 'session.revoked', sessionId: first.sessionId, reason: 'idle' })
    expect(await control.next('node.status')).toMatchObject({ freeSlots: 1, sessions: [second.sessionId] })
  })

  it('[TUN13] an offer of an epoch that is not newer, or to a node that drains is declined', async () => {
    const { edge, welcome } = await start()
    const control = await welcome()
    const held = aSession()
    await offer(edge, control, held)
    control.send({ type: 'session.offer', ...held, ticket: 't', expiresAt: Date.now() + 1_000 })
    expect(await control.next('offer.declined')).toMatchObject({ code: 'stale_epoch' })
    control.send({ type: 'node.drain' })
    await control.next('node.draining')
    control.send({ type: 'session.offer', ...aSession(), ticket: 't', expiresAt: Date.now() + 1_000 })
    expect(await control.next('offer.declined')).toMatchObject({ code: 'unavailable' })
    control.send({ type: 'request', id: 'r', method: 'status', deadlineMs: 1_000 })
    expect(await control.next('response')).toMatchObject({ result: { freeSlots: 0, sessions: [held.sessionId] } })
  })

  it('[TUN13] an offer that seems to have expired is accepted: the clock of a node may be wrong, and the edge checks', async () => {
    const { welcome } = await start()
    const control = await welcome()
    const session = aSession()
    control.send({ type: 'session.offer', ...session, ticket: 't', expiresAt: Date.now() - 3_600_000 })
    expect(await control.next('offer.accepted')).toMatchObject({ sessionId: session.sessionId })
  })

  it('[TUN14] a request is answered: status with the status, an unknown method with a fault', async () => {
    const { welcome } = await start()
    const control = await welcome()
    control.send({ type: 'request', id: 'a', method: 'status', deadlineMs: 1_000 })
    expect(await control.next('response')).toMatchObject({ id: 'a', result: { slots: 2 } })
    control.send({ type: 'request', id: 'b', method: 'fly', deadlineMs: 1_000 })
    expect(await control.next('response')).toMatchObject({ id: 'b', fault: { code: 'not_found' } })
  })

  it('[TUN15] a message of the edge that the node cannot read is passed over, and the link goes on', async () => {
    const { welcome } = await start()
    const control = await welcome()
    control.send('{"type":"from.the.future"}')
    control.send('no json')
    control.send(new Uint8Array(4))
    control.send({ type: 'request', id: 'a', method: 'status', deadlineMs: 1_000 })
    await control.next('response')
  })

  it('[TUN16] a lost edge is dialled again, and told anew what the node is and that it drains', async () => {
    const { edge, welcome } = await start()
    const first = await welcome()
    first.send({ type: 'node.drain' })
    await first.next('node.draining')
    first.cut()
    const second = await edge.nextControl()
    expect(await second.next('node.hello')).toMatchObject({ freeSlots: 0 })
    await second.next('node.draining')
  })

  it('[TUN17] an edge that is restarted on its port is found again', async () => {
    const edge = await startScriptedEdge()
    const world = await start({ edge })
    await world.welcome()
    await edge.close()
    const again = await startScriptedEdge(Number(new URL(edge.url).port))
    await (await again.nextControl()).next('node.hello')
    await world.close()
    await again.close()
  })

  it.each([401, 403, 426])('[TUN18] HTTP %i ends the node with a reason, and without a second try', async (status) => {
    const edge = await startScriptedEdge()
    let dials = 0
    edge.refuse = () => {
      dials++
      return { status, body: { fault: { code: 'unauthenticated' } } }
    }
    const world = await start({ edge })
    expect(await world.node.refused).toMatchObject({ status, code: 'unauthenticated' })
    expect(dials).toBe(1)
    await world.close()
    await edge.close()
  })

  it('[TUN19] an edge that is not ready yet is dialled again after the time that it asks for', async () => {
    const edge = await startScriptedEdge()
    let dials = 0
    edge.refuse = () =>
      ++dials === 1 ? { status: 503, body: { fault: { code: 'unavailable', retryAfterMs: 400 } } } : undefined
    const waits: number[] = []
    const after: Clock['after'] = (ms, run) => {
      waits.push(ms)
      return systemClock.after(ms, run)
    }
    const world = await start({ edge, clock: { ...systemClock, after } })
    await world.welcome()
    // The backoff alone would be 100 ms here.
    expect([dials, waits.includes(400), waits.includes(100)]).toEqual([2, true, false])
    await world.close()
    await edge.close()
  })

  it('[NOD6] a node whose engine does not answer joins, says so, and takes no session until it does', async () => {
    const failing = { next: () => Promise.reject(new Error('down')) }
    const llm = { ...quietEngines().llm, complete: () => ({ [Symbol.asyncIterator]: () => failing }) }
    const { edge } = await start({ engines: { llm } })
    const control = await edge.nextControl()
    const hello = await control.next('node.hello')
    expect(hello.freeSlots).toBe(0)
    expect(hello.engines.filter(({ ready }) => !ready).map(({ role }) => role)).toEqual(['llm'])
    control.send({ type: 'node.welcome', nodeId: 'nod_scripted' })
    control.send({ type: 'session.offer', ...aSession(), ticket: 't', expiresAt: Date.now() + 1_000 })
    expect(await control.next('offer.declined')).toMatchObject({ code: 'unavailable' })
  })
})
