// What becomes of keys, tickets, codes, cookies and tokens: used once, ended with their key, bound to their Origin, and
// never in a log. On a real edge over real sockets.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ApiKeyId } from '#shared/ids.ts'
import { openLog } from '#shared/on-node/log.ts'
import { CHAT_PROTOCOL, TICKET_PREFIX } from '#shared/protocol/version.ts'
import { ScriptedCaller } from '#tests/fakes/scripted-caller.ts'
import { ScriptedNode } from '#tests/fakes/scripted-node.ts'
import { startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'

const post = (edge: TestEdge, path: string, init: Parameters<TestEdge['request']>[1] = {}) =>
  edge.request(path, { ...init, method: 'POST' })

async function ticketOf(edge: TestEdge, key: string): Promise<string> {
  return ((await (await post(edge, '/api/tickets', { key })).json()) as { ticket: string }).ticket
}
async function codeOf(edge: TestEdge, key: string): Promise<string> {
  return ((await (await post(edge, '/api/sign-in/codes', { key })).json()) as { code: string }).code
}
async function cookieOf(edge: TestEdge, key: string): Promise<string> {
  const signedIn = await post(edge, '/api/sign-in', { body: JSON.stringify({ code: await codeOf(edge, key) }) })
  return signedIn.headers.get('set-cookie')?.split(';')[0] ?? ''
}

/** Dials /ws/chat: the caller, or the status of the refusal. */
async function dial(
  edge: TestEdge,
  headers: Record<string, string>,
  more: string[] = [],
): Promise<ScriptedCaller | number> {
  const caller = new ScriptedCaller(edge.url.replace('http', 'ws'))
  return caller.connect(headers, [CHAT_PROTOCOL, ...more]).catch((error: { status: number }) => error.status)
}

describe('rights', () => {
  let edge: TestEdge
  beforeAll(async () => {
    edge = await startTestEdge()
  })
  afterAll(() => edge.close())

  it('[SEC7] a revoked key takes its tickets, codes and cookies along', async () => {
    const { key, keyId } = await edge.newKey()
    const [ticket, code, cookie] = [await ticketOf(edge, key), await codeOf(edge, key), await cookieOf(edge, key)]
    await edge.store.keys.revokeKey(keyId as ApiKeyId, Date.now())
    expect(await dial(edge, {}, [TICKET_PREFIX + ticket])).toBe(401)
    expect((await post(edge, '/api/sign-in', { body: JSON.stringify({ code }) })).status).toBe(401)
    expect(await dial(edge, { cookie, origin: edge.url })).toBe(401)
    expect(await dial(edge, { authorization: `Bearer ${key}` })).toBe(401)
  })

  it('[SEC8] of many dials with one ticket at once, one gets in; of many sign-ins with one code, one', async () => {
    const { key } = await edge.newKey()
    const ticket = await ticketOf(edge, key)
    const dials = await Promise.all(Array.from({ length: 8 }, () => dial(edge, {}, [TICKET_PREFIX + ticket])))
    const callers = dials.filter((one) => one instanceof ScriptedCaller)
    for (const caller of callers) caller.close()
    expect(callers).toHaveLength(1)
    const body = JSON.stringify({ code: await codeOf(edge, key) })
    const signIns = await Promise.all(Array.from({ length: 8 }, () => post(edge, '/api/sign-in', { body })))
    expect(signIns.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  it('[SEC9] one user’s sockets without a session are bounded, and another’s are not touched by it', async () => {
    const [eager, other] = [await edge.newKey(), await edge.newKey()]
    const dials = await Promise.all(
      Array.from({ length: 40 }, () => dial(edge, { authorization: `Bearer ${eager.key}` })),
    )
    const late = await dial(edge, { authorization: `Bearer ${other.key}` })
    for (const one of [...dials, late]) if (one instanceof ScriptedCaller) one.close()
    expect(dials.filter((one) => one === 429)).toHaveLength(8)
    expect(dials.filter((one) => one instanceof ScriptedCaller)).toHaveLength(32)
    expect(late).toBeInstanceOf(ScriptedCaller)
  })

  it('[SEC10] an Origin is ours only when it is exactly ours, for a socket and for a POST', async () => {
    const cookie = await cookieOf(edge, (await edge.newKey()).key)
    const { host } = new URL(edge.url)
    const foreign = [
      'null',
      '',
      `http://${host}.evil.example`,
      `http://${host}@evil.example`,
      `http://evil.example/?${host}`,
      `http://127.0.0.1`,
      'file://',
    ]
    for (const origin of foreign) {
      expect(await dial(edge, { cookie, origin })).toBe(403)
      expect((await post(edge, '/api/tickets', { headers: { cookie, origin } })).status).toBe(403)
    }
    expect((await post(edge, '/api/tickets', { headers: { cookie, origin: edge.url } })).status).toBe(201)
  })
})

describe('text where an id is expected', () => {
  // Of its own: failed attempts of one address are counted.
  let edge: TestEdge
  beforeAll(async () => {
    edge = await startTestEdge()
  })
  afterAll(() => edge.close())

  it.each(["' or 1=1 --", '%', '_', 'cnv_%', '"; drop table turn; --', '\\'])(
    '[SEC11] %j in the place of an id, a key or a code is no more than a wrong one',
    async (text) => {
      const { key, userId } = await edge.newKey()
      await edge.conversation(userId, [])
      const path = `/api/conversations/${encodeURIComponent(text)}`
      expect((await edge.request(path, { key })).status).toBe(404)
      expect((await edge.request(`/api/conversations?cursor=${encodeURIComponent(text)}`, { key })).status).toBe(400)
      expect((await post(edge, '/api/sign-in', { body: JSON.stringify({ code: text }) })).status).toBe(401)
      expect((await edge.request('/api/me', { headers: { authorization: `Bearer ${text}` } })).status).toBe(401)
      expect((await edge.request('/api/conversations', { key })).status).toBe(200)
    },
  )
})

describe('behind a proxy', () => {
  it('[SEC12] with a configured origin no header of the request makes another origin ours', async () => {
    const edge = await startTestEdge({ publicOrigin: 'https://voice.example.org' })
    const cookie = await cookieOf(edge, (await edge.newKey()).key)
    const evil = { cookie, origin: 'https://evil.example' }
    const spoofs: Array<Record<string, string>> = [
      { host: 'evil.example' },
      { 'x-forwarded-host': 'evil.example' },
      { forwarded: 'host=evil.example' },
    ]
    for (const spoof of spoofs) expect(await dial(edge, { ...evil, ...spoof })).toBe(403)
    const caller = await dial(edge, { cookie, origin: 'https://voice.example.org' })
    expect(caller).toBeInstanceOf(ScriptedCaller)
    if (caller instanceof ScriptedCaller) caller.close()
    await edge.close()
  })
})

describe('logs', () => {
  it('[SEC13] a whole call at the loudest level leaves no secret and no word of the caller in the log', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-logs-'))
    const logFile = await openLog({ name: 'edge', level: 'debug', folder })
    const edge = await startTestEdge({}, { log: logFile.log })
    const { key } = await edge.newKey()
    const { token } = await edge.store.nodes.addNode({ name: 'box', now: Date.now() })
    const node = await new ScriptedNode({ edgeUrl: edge.url.replace('http', 'ws'), token }).join()
    const [cookie, ticket] = [await cookieOf(edge, key), await ticketOf(edge, key)]
    const caller = await dial(edge, {}, [TICKET_PREFIX + ticket])
    if (!(caller instanceof ScriptedCaller)) throw new Error(`refused with ${caller}`)
    const { conversationId } = await caller.start()
    caller.link.sendMessage({ type: 'text.send', text: 'my name is Zebulon' })
    await caller.heard.next('reply.done')
    caller.sendRaw('{"type":"text.send","seq":"Zebulon","text":7}')
    await caller.heard.next('fault')
    caller.cut()
    await caller.resume()
    await edge.request(`/api/conversations/${conversationId}?q=Zebulon`, { key })
    await post(edge, '/api/sign-in', { body: '{"code":"Zebulon"}' })
    caller.close()
    node.die()
    await edge.close()
    await logFile.close()
    const lines = readdirSync(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .join('')
    rmSync(folder, { recursive: true })
    expect(lines).toContain('"msg":"request"')
    const secrets = [key, token, ticket, cookie.split('=')[1] ?? '', caller.resumeToken, 'Zebulon']
    for (const secret of secrets) expect(lines.includes(secret)).toBe(false)
  })
})

describe('the data folder', () => {
  it('[SEC14] is one edge’s: a second is refused before it touches the sessions of the first, and let in after it', async () => {
    const edge = await startTestEdge()
    const { userId } = await edge.newKey()
    const opening = {
      sessionId: 'ses_one',
      userId,
      conversationId: undefined,
      personaId: 'per_default',
      now: 1,
    } as const
    const { conversationId } = await edge.store.sessions.openSession(opening)
    const again = { ...opening, sessionId: 'ses_two', conversationId } as const
    await expect(startTestEdge({ dataDir: edge.dataDir })).rejects.toMatchObject({
      fault: { code: 'invalid_message', issues: [expect.stringContaining('in use by another edge')] },
    })
    await expect(edge.store.sessions.openSession(again)).rejects.toMatchObject({ fault: { code: 'conflict' } })
    await edge.close()
  })
})
