// Sending everybody away before a deployment, over real sockets on both hosts: who may, who is told, and that calls go on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { worldsOfFile, type World } from '#tests/edge/sockets-world.ts'

const startWorld = worldsOfFile()

describe('sending away', () => {
  let world: World
  let admin: string
  beforeAll(async () => {
    world = await startWorld()
    admin = (
      await world.store.keys.createKey({ name: 'operator', scopes: ['admin'], limits: { rateFactor: 100 }, now: 0 })
    ).key
  })
  afterAll(() => world.close())
  const goAway = (body: object, key = admin): Promise<Response> =>
    fetch(`${world.url.replace('ws', 'http')}/api/system/goaway`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(body),
    })

  it('[GOA4] needs the scope admin, and a wait within its bounds', async () => {
    expect((await goAway({ retryAfterMs: 0 }, world.key)).status).toBe(403)
    expect((await goAway({ retryAfterMs: 0 }, 'pk_wrong')).status).toBe(401)
    for (const body of [{}, { retryAfterMs: -1 }, { retryAfterMs: 4_001 }, { retryAfterMs: 'soon' }]) {
      const answer = await goAway(body)
      expect(answer.status).toBe(400)
      expect(await answer.text()).toContain('retryAfterMs: expected')
    }
    const answer = await goAway({ retryAfterMs: 0 })
    expect([answer.status, await answer.json()]).toEqual([200, { nodes: 0, sessions: 0 }])
  })

  it('[GOA5] tells call and node, closes their sockets, and both go on where they were', async () => {
    const node = await world.node()
    const caller = await world.caller()
    await caller.start()
    const session = await node.session()
    caller.link.sendMessage({ type: 'text.send', text: 'before' })
    await caller.heard.next('reply.done')

    const closed = caller.closed()
    const answer = await goAway({ retryAfterMs: 100 })
    expect(await answer.json()).toEqual({ nodes: 1, sessions: 1 })
    expect(await caller.heard.next('goaway')).toEqual({ type: 'goaway', retryAfterMs: 100 })
    expect(await session.told.next('goaway')).toEqual({ type: 'goaway', retryAfterMs: 100 })
    expect(await node.told.next('goaway')).toEqual({ type: 'goaway', retryAfterMs: 100 })
    expect(await closed).toBe(CLOSE_RESUME)

    caller.link.detach()
    caller.link.sendMessage({ type: 'text.send', text: 'meanwhile' })
    await session.redial()
    await node.join()
    await caller.resume()
    expect(await caller.heard.next('reply.done')).toMatchObject({ replyText: 'You said meanwhile.' })
    caller.link.sendMessage({ type: 'text.send', text: 'after' })
    expect(await caller.heard.next('reply.done')).toMatchObject({ replyText: 'You said after.' })
    expect(caller.heard.all.map(({ type }) => type)).not.toContain('session.ended')
    caller.sendRaw('{"type":"session.end"}')
    expect(await caller.heard.next('session.ended')).toMatchObject({ reason: 'caller' })
  })
})
