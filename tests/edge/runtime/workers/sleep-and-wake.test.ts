// What becomes of calls when an object's memory is lost between any two messages: on real workerd, whose objects are evicted.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { ScriptedCaller } from '#tests/fakes/scripted-caller.ts'
import { ScriptedNode, type ScriptedNodeOptions, type ScriptedSession } from '#tests/fakes/scripted-node.ts'
import { startWorkersHost, type WorkersHost } from '#tests/tooling/hosts/workers-host.ts'

const FLEET = 'fleet'
const frame = (value: number): Uint8Array => new Uint8Array(new Int16Array(320).fill(value).buffer)
const sampleOf = (pcm: Uint8Array): number | undefined => new Int16Array(pcm.slice().buffer)[0]

let host: WorkersHost
beforeAll(async () => {
  host = await startWorkersHost({ main: 'tests/edge/runtime/workers/fixture/losing-worker.ts' })
})
afterAll(() => host.close())

let key: string
let stops: Array<() => void>
beforeEach(async () => {
  stops = []
  key = (await host.store.keys.createKey({ name: 'test', scopes: ['talk'], now: 0 })).key
})
afterEach(async () => {
  for (const stop of stops) stop()
  // Of a test that failed no session may be left to the next.
  await expect.poll(health, { timeout: 20_000, interval: 50 }).toMatchObject({ nodes: 0, sessions: 0 })
})

const edgeUrl = (): string => host.url.replace('http', 'ws')
const health = async () => (await (await fetch(`${host.url}/health`)).json()) as { nodes: number; sessions: number }

async function newCaller(): Promise<ScriptedCaller> {
  const caller = new ScriptedCaller(edgeUrl())
  stops.push(() => caller.close())
  return caller.connect({ authorization: `Bearer ${key}` })
}
async function newNode(options: Partial<ScriptedNodeOptions> = {}): Promise<ScriptedNode> {
  const { token } = await host.store.nodes.addNode({ name: 'scripted', now: 0 })
  const node = new ScriptedNode({ edgeUrl: edgeUrl(), token, ...options })
  stops.push(() => node.die())
  return node.join()
}
/** The object's memory is gone, and its sockets with it. */
const lose = (binding: 'SESSIONS' | 'FLEET', name: string) => fetch(`${host.url}/lose?binding=${binding}&name=${name}`)
/** The fleet's memory is gone, its sockets stay open. */
const sleep = (): Promise<void> =>
  host.harness
    .getWorker('parley')
    .evictDurableObject('FleetObject', { name: FLEET, webSockets: 'hibernate' })
    .catch((error: unknown) => {
      // It sleeps already.
      if (!String(error).includes('not currently running')) throw error
    })

async function end(caller: ScriptedCaller): Promise<void> {
  caller.sendRaw('{"type":"session.end"}')
  await caller.heard.next('session.ended')
}

/** One side of a recorded session: what the caller sends, in order. */
const RECORDED: Array<(caller: ScriptedCaller) => void> = [
  ...[1, 2, 3].map((value) => (caller: ScriptedCaller) => void caller.link.sendAudio(0, frame(value))),
  (caller) => void caller.link.sendMessage({ type: 'utterance.commit' }),
  (caller) => void caller.link.sendMessage({ type: 'text.send', text: 'one' }),
  (caller) => void caller.link.sendMessage({ type: 'session.update', options: { softEndMs: 700 } }),
  ...[4, 5].map((value) => (caller: ScriptedCaller) => void caller.link.sendAudio(0, frame(value))),
  (caller) => void caller.link.sendMessage({ type: 'utterance.clear' }),
  (caller) => void caller.link.sendMessage({ type: 'text.send', text: '两个' }),
]
const REPLIES = 3

interface Seen {
  events: object[]
  audio: Array<number | undefined>
}

/** Plays the recorded session; `after` runs after each message, whatever has become of it. */
async function play(after: (session: ScriptedSession, caller: ScriptedCaller) => Promise<void>): Promise<Seen> {
  const node = await newNode()
  const caller = await newCaller()
  await caller.start()
  const session = await node.session()
  for (const say of RECORDED) {
    say(caller)
    await after(session, caller)
  }
  for (let reply = 0; reply < REPLIES; reply += 1) await caller.heard.next('reply.done')
  await expect.poll(() => caller.audio.length, { timeout: 10_000, interval: 10 }).toBe(5)
  await end(caller)
  node.die()
  return { events: caller.heard.all.filter(isOfTheCall).map(withoutIds), audio: caller.audio.map(sampleOf) }
}

/** Without what says only that a socket came back. */
const isOfTheCall = ({ type }: ChatDown): boolean => type !== 'ack' && type !== 'session.resumed'

/** Ids and tokens are new in each run. */
function withoutIds(message: ChatDown): object {
  const ids = new Set(['id', 'sessionId', 'conversationId', 'turnId', 'resumeToken', 'resumeUrl'])
  return Object.fromEntries(Object.entries(message).filter(([name]) => !ids.has(name)))
}

describe('sleep and wake', () => {
  it('[SAW1] a session whose object is lost after every message shows its caller the same events and audio', async () => {
    const undisturbed = await play(async () => {})
    const lost = await play(async (session, caller) => {
      const closed = caller.closed()
      await lose('SESSIONS', session.about.sessionId)
      await closed
      caller.cut()
      await Promise.all([caller.resume(), session.redial()])
    })
    expect(lost).toEqual(undisturbed)
    expect(undisturbed.audio).toEqual([1, 2, 3, 4, 5])
  })

  it('[SAW2] a fleet whose object sleeps after every message places, relays and ends as if it were awake', async () => {
    const undisturbed = await play(async () => {})
    await sleep()
    const slept = await play(sleep)
    expect(slept).toEqual(undisturbed)
  })

  it('[SAW3] nodes keep their control sockets through the sleep of the fleet, and what it knew of them', async () => {
    const [one, two] = [await newNode({ name: 'one', slots: 1 }), await newNode({ name: 'two', slots: 1 })]
    await sleep()
    expect((await health()).nodes).toBe(2)
    const callers = [await newCaller(), await newCaller()]
    await callers[0]?.start()
    await sleep()
    await callers[1]?.start()
    await sleep()
    expect([one.sessions.size, two.sessions.size]).toEqual([1, 1])
    expect((await health()).sessions).toBe(2)
    const third = await newCaller()
    third.sendRaw('{"type":"session.start"}')
    expect(await third.heard.next('fault')).toMatchObject({ code: 'no_capacity' })
    for (const caller of callers) await end(caller)
    await expect.poll(async () => (await health()).sessions, { timeout: 5_000, interval: 20 }).toBe(0)
  })

  it('[SAW4] a fleet that lost its sockets too keeps a node’s session while the node comes back', async () => {
    const node = await newNode()
    const caller = await newCaller()
    await caller.start()
    await lose('FLEET', FLEET)
    node.cutControl()
    await node.join()
    caller.link.sendMessage({ type: 'text.send', text: 'still here' })
    expect((await caller.heard.next('reply.done')).replyText).toBe('You said still here.')
    expect(await health()).toMatchObject({ nodes: 1, sessions: 1 })
    await end(caller)
  })

  it('[SAW5] an offer that was out when the fleet was lost is taken back, and its caller is told to come again', async () => {
    const node = await newNode({ offers: 'ignore' })
    const caller = await newCaller()
    caller.sendRaw('{"type":"session.start"}')
    await node.told.next('session.offer')
    await lose('FLEET', FLEET)
    expect(await caller.heard.next('fault')).toMatchObject({ code: 'unavailable' })
    node.cutControl()
    await node.join()
    expect(await health()).toMatchObject({ nodes: 1, sessions: 0 })
  })

  it('[SAW7] a node whose token is revoked is turned away at the fleet’s next alarm', async () => {
    const [revoked] = [await newNode({ name: 'revoked' }), await newNode({ name: 'kept' })]
    const welcome = revoked.told.all.find((message) => message.type === 'node.welcome')
    await host.store.nodes.revokeNode(welcome?.nodeId ?? 'nod_none', 1)
    await fetch(`${host.url}/ring`)
    expect(await revoked.told.next('fault')).toMatchObject({ code: 'unauthenticated' })
    expect((await health()).nodes).toBe(1)
  })

  it('[SAW6] a session that was lost before it was live frees its slot and its conversation by itself', async () => {
    const first = await newNode()
    const before = await newCaller()
    const { conversationId } = await before.start()
    await end(before)
    first.die()
    const node = await newNode({ offers: 'acceptWithoutDialling' })
    const caller = await newCaller()
    caller.sendRaw(JSON.stringify({ type: 'session.start', conversationId }))
    const { sessionId } = await node.told.next('session.offer')
    await expect.poll(async () => (await health()).sessions, { timeout: 5_000, interval: 20 }).toBe(1)
    await lose('SESSIONS', sessionId)
    expect(await node.told.next('session.revoked')).toMatchObject({ sessionId })
    node.die()
    await newNode()
    const again = await newCaller()
    expect(await again.start({ conversationId })).toMatchObject({ conversationId })
    await end(again)
  })
})
