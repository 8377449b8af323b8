// Random frames at every socket of a real edge, by peers with valid credentials: the edge lives, others' calls go on, and
// nothing stays behind. Vitest fails the run on any exception that nobody caught.
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import type { Frame } from '#shared/link/frame.ts'
import { NODE_PROTOCOL } from '#shared/protocol/version.ts'
import { ScriptedCaller } from '#tests/fakes/scripted-caller.ts'
import { ScriptedNode } from '#tests/fakes/scripted-node.ts'
import { startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'
import { oddFrames } from './odd-frames.ts'

const FRAMES = 60
const ROUNDS = Array.from({ length: 12 }, (_, round) => round + 1)

let edge: TestEdge
let wire: string
let key: string
let good: ScriptedNode
beforeAll(async () => {
  edge = await startTestEdge()
  wire = edge.url.replace('http', 'ws')
  key = (await edge.newKey()).key
  good = await node('good', 8)
})
afterAll(async () => {
  good.die()
  await edge.close()
})

async function node(name: string, slots: number): Promise<ScriptedNode> {
  const { token } = await edge.store.nodes.addNode({ name, now: Date.now() })
  return new ScriptedNode({ edgeUrl: wire, token, name, slots }).join()
}
const caller = (by = key) => new ScriptedCaller(wire).connect({ authorization: `Bearer ${by}` })

interface Health {
  sessions: number
  nodes: number
  slots: { total: number; free: number }
}
const health = async () => (await (await edge.request('/health')).json()) as Health

async function until(isTrue: (health: Health) => boolean): Promise<void> {
  for (const stopAt = Date.now() + 10_000; ;) {
    const now = await health()
    if (isTrue(now)) return
    if (Date.now() > stopAt) throw new Error(`it did not come: ${JSON.stringify(now)}`)
  }
}

/** A call as everybody else's: it works from end to end. */
async function aCallWorks(): Promise<void> {
  const one = await caller()
  await one.start()
  one.link.sendMessage({ type: 'text.send', text: 'hello' })
  expect((await one.heard.next('reply.done')).replyText).toBe('You said hello.')
  one.sendRaw('{"type":"session.end"}')
  await one.heard.next('session.ended')
}

const throwAll = (frames: Frame[], send: (frame: Frame) => void): void => {
  for (const frame of frames) send(frame)
}

describe('random frames', () => {
  it.each(ROUNDS)(
    '[FUZ6] of a caller, before and after session.start, do no more than end his session (seed %i)',
    async (seed) => {
      const early = await caller()
      throwAll(oddFrames(FRAMES, seed), (frame) => early.sendRaw(frame))
      const live = await caller()
      await live.start()
      throwAll(oddFrames(FRAMES, 1_000 + seed), (frame) => live.sendRaw(frame))
      await aCallWorks()
      for (const one of [early, live]) one.sendRaw('{"type":"session.end"}')
      early.close()
      live.cut()
      await live.resume().catch(() => {})
      live.sendRaw('{"type":"session.end"}')
      await until(({ sessions }) => sessions === 0)
      live.close()
    },
  )

  it.each(ROUNDS)('[FUZ7] of a node on its control socket touch no other node (seed %i)', async (seed) => {
    const { token } = await edge.store.nodes.addNode({ name: 'odd', now: Date.now() })
    const socket = new WebSocket(`${wire}/node/control`, [NODE_PROTOCOL], {
      headers: { authorization: `Bearer ${token}` },
    })
    await once(socket, 'open')
    throwAll(oddFrames(FRAMES, seed), (frame) => socket.send(frame))
    socket.send(JSON.stringify({ type: 'node.hello', name: 'odd', version: '0', ...NO_SLOTS }))
    throwAll(oddFrames(FRAMES, 1_000 + seed), (frame) => socket.send(frame))
    await aCallWorks()
    socket.terminate()
    await until(({ nodes, sessions }) => nodes === 1 && sessions === 0)
  })

  it.each(ROUNDS)('[FUZ8] of a node on a data socket touch no other session (seed %i)', async (seed) => {
    const live = await caller()
    const { sessionId } = await live.start()
    const session = good.sessions.get(sessionId)
    throwAll(oddFrames(FRAMES, seed), (frame) => session?.sendRaw(frame))
    await aCallWorks()
    live.sendRaw('{"type":"session.end"}')
    live.close()
    session?.die()
    await until(({ sessions }) => sessions === 0)
  })
})

describe('callers who leave', () => {
  it('[FUZ9] in whatever state 200 callers drop off, every room, slot and socket is free again', async () => {
    const drops: Array<(one: ScriptedCaller) => unknown> = [
      () => {},
      (one) => one.sendRaw('{"type":"session.start"}'),
      (one) => one.sendRaw('{"type":"session.start","conversationId":"cnv_never"}'),
      (one) => one.sendRaw('{"type":"session.start"'),
      (one) => throwAll(oddFrames(10, 7), (frame) => one.sendRaw(frame)),
    ]
    const { key: own } = await edge.newKey()
    for (let round = 0; round < 40; round += 1) {
      const callers = await Promise.all(drops.map(() => caller(own)))
      callers.forEach((one, at) => drops[at]?.(one))
      for (const one of callers) one.close()
    }
    await until(({ sessions, slots }) => sessions === 0 && slots.free === slots.total)
    await aCallWorks()
  })
})

const NO_SLOTS = { slots: 0, freeSlots: 0, sessions: [], engines: [], vram: null }
