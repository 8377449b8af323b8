// Who gets a socket, and what a refusal says: over real HTTP, before anything of a wire is read.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { WebSocket } from 'ws'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ScriptedCaller } from '#tests/fakes/scripted-caller.ts'
import { worldsOfFile, type World } from '#tests/edge/sockets-world.ts'

const CHAT = 'parley.chat.v1'
const startWorld = worldsOfFile()
let world: World
beforeEach(async () => {
  world = await startWorld()
})
afterEach(() => world.close())

interface Answer {
  status: number
  fault?: Record<string, unknown>
}

/** Dials, and gives back how the edge answered: 101 or a refusal with its body. */
function dial(path: string, protocols: string[], headers: Record<string, string> = {}): Promise<Answer> {
  const socket = new WebSocket(world.url + path, protocols, { headers })
  return new Promise((resolve, reject) => {
    socket.on('open', () => {
      socket.terminate()
      resolve({ status: 101 })
    })
    socket.on('unexpected-response', (_request, response) => {
      let body = ''
      response.on('data', (part: Buffer) => (body += part.toString()))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, ...(JSON.parse(body) as object) }))
    })
    socket.on('error', reject)
  })
}

const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` })

describe('connect', () => {
  it('[CON1] a version that is not spoken is refused before anything is read, and named with what is', async () => {
    for (const [path, spoken] of [
      ['/ws/chat', CHAT],
      ['/node/control', 'parley.node.v1'],
      ['/node/session/ses_none', 'parley.session.v1'],
    ] as const) {
      const answer = await dial(path, ['parley.chat.v9'])
      expect(answer).toMatchObject({ status: 426, fault: { code: 'unsupported_version' } })
      expect((await dial(path, [])).status).toBe(426)
      expect((await dial(path, [spoken])).status).not.toBe(426)
    }
    expect((await dial('/ws/chat', ['parley.chat.v2', CHAT], bearer(world.key))).status).toBe(101)
  })

  it('[CON2] a caller needs a key that may talk', async () => {
    expect(await dial('/ws/chat', [CHAT])).toMatchObject({ status: 401, fault: { code: 'unauthenticated' } })
    expect((await dial('/ws/chat', [CHAT], bearer('pk_wrong'))).status).toBe(401)
    const reader = await world.store.keys.createKey({ name: 'reader', scopes: ['history:read'], now: 0 })
    expect(await dial('/ws/chat', [CHAT], bearer(reader.key))).toMatchObject({
      status: 403,
      fault: { code: 'forbidden' },
    })
    expect((await dial('/ws/chat', [CHAT], bearer(world.key))).status).toBe(101)
  })

  it('[CON3] a ticket takes the place of the key, once', async () => {
    const ticket = await world.ticket()
    expect((await dial('/ws/chat', [CHAT, `parley.ticket.${ticket}`])).status).toBe(101)
    expect((await dial('/ws/chat', [CHAT, `parley.ticket.${ticket}`])).status).toBe(401)
    expect((await dial('/ws/chat', [CHAT, 'parley.ticket.made-up'])).status).toBe(401)
  })

  it('[CON4] the edge answers with the wire’s name and never with a secret, in whatever order they are offered', async () => {
    const caller = new ScriptedCaller(world.url)
    await caller.connect({}, [`parley.ticket.${await world.ticket()}`, CHAT])
    expect(caller.protocol).toBe(CHAT)
    caller.close()
  })

  it('[CON5] a node needs its own token, and a revoked one is none', async () => {
    const { token, nodeId } = await world.store.nodes.addNode({ name: 'home', now: 0 })
    expect((await dial('/node/control', ['parley.node.v1'])).status).toBe(401)
    expect((await dial('/node/control', ['parley.node.v1'], bearer(world.key))).status).toBe(401)
    expect((await dial('/node/control', ['parley.node.v1'], bearer(token))).status).toBe(101)
    const session = await dial('/node/session/ses_none', ['parley.session.v1', 'parley.ticket.x'], bearer(token))
    expect(session).toMatchObject({ status: 404, fault: { code: 'not_found', kind: 'session' } })
    await world.store.nodes.revokeNode(nodeId, 1)
    expect((await dial('/node/control', ['parley.node.v1'], bearer(token))).status).toBe(401)
  })

  it('[CON6] a node’s data socket needs a ticket or a resume token beside the node’s own', async () => {
    const node = await world.node()
    const caller = await world.caller()
    const { sessionId } = await caller.start()
    const { ticket } = await node.told.next('session.offer')
    const { token } = await world.store.nodes.addNode({ name: 'other', now: 0 })
    const path = `/node/session/${sessionId}`
    const wire = 'parley.session.v1'
    expect((await dial(path, [wire], bearer(token))).status).toBe(401)
    const foreign = await dial(path, [wire, `parley.ticket.${ticket}`], bearer(token))
    expect(foreign).toMatchObject({ status: 409, fault: { code: 'stale_epoch' } })
  })

  it('[CON7] a resume needs the session’s own token; an unknown session, a wrong token and a wrong number are told apart', async () => {
    await world.node()
    const caller = await world.caller()
    const { sessionId, resumeToken } = await caller.start()
    const right = [CHAT, `parley.resume.${resumeToken}`]
    expect((await dial('/ws/chat?session=ses_unknown', right)).status).toBe(404)
    expect((await dial('/ws/chat?session=not-an-id', right)).status).toBe(404)
    const path = `/ws/chat?session=${sessionId}`
    expect((await dial(path, [CHAT], bearer(world.key))).status).toBe(401)
    expect((await dial(path, [CHAT, 'parley.resume.wrong'])).status).toBe(401)
    expect((await dial(`${path}&received=many`, right)).status).toBe(400)
    expect((await dial(`${path}&received=999`, right)).status).toBe(400)
    expect((await dial(path, right)).status).toBe(101)
  })

  it('[EXA5] a resume token without the session that it is for is refused, with the address that is meant', async () => {
    await world.node()
    const caller = await world.caller()
    const { resumeToken, resumeUrl } = await caller.start()
    const refused = await dial('/ws/chat', [CHAT, `parley.resume.${resumeToken}`], bearer(world.key))
    expect(refused).toMatchObject({ status: 400, fault: { code: 'invalid_message' } })
    expect(JSON.stringify(refused.fault)).toContain('resumeUrl')
    expect((await dial(`${resumeUrl}&received=0`, [CHAT, `parley.resume.${resumeToken}`])).status).toBe(101)
  })

  it('[CON8] without an upgrade the addresses of sockets answer 426', async () => {
    const answer = await fetch(`${world.url.replace('ws', 'http')}/ws/chat`, { headers: bearer(world.key) })
    expect(answer.status).toBe(426)
  })

  it('[CON9] a version of WebSocket other than 13 is refused with the header that names 13', async () => {
    const socket = new WebSocket(`${world.url}/ws/chat`, [CHAT], { headers: bearer(world.key), protocolVersion: 8 })
    const [, response] = (await once(socket, 'unexpected-response')) as [unknown, IncomingMessage]
    expect([response.statusCode, response.headers['sec-websocket-version']]).toEqual([426, '13'])
    response.destroy()
  })

  it('[CON10] a refusal says which secret was no good, and which scope is missing', async () => {
    await world.node()
    const { sessionId } = await (await world.caller()).start()
    const ticket = await world.ticket()
    await dial('/ws/chat', [CHAT, `parley.ticket.${ticket}`])
    const reader = await world.store.keys.createKey({ name: 'reader', scopes: ['history:read'], now: 0 })
    const refused = async (...[path, protocols, headers]: Parameters<typeof dial>) =>
      (await dial(path, [CHAT, ...protocols], headers)).fault
    expect(await refused('/ws/chat', [])).toMatchObject({ reason: 'missing' })
    expect(await refused('/ws/chat', [], bearer('pk_wrong'))).toMatchObject({ reason: 'key' })
    for (const spent of [ticket, 'made-up'])
      expect(await refused('/ws/chat', [`parley.ticket.${spent}`])).toMatchObject({ reason: 'ticket' })
    expect(await refused('/ws/chat', ['parley.ticket.ek_x'])).toMatchObject({ reason: 'clientSecret' })
    for (const protocols of [[], ['parley.resume.wrong']])
      expect(await refused(`/ws/chat?session=${sessionId}`, protocols)).toMatchObject({ reason: 'resumeToken' })
    expect(await refused('/ws/chat', [], bearer(reader.key))).toMatchObject({ code: 'forbidden', needs: 'talk' })
  })
})
