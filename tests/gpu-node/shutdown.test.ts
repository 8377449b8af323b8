// What a node owes to the turns that are over, and how it goes: orderly, or in a hurry.
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { openOutboxRows } from '#gpu-node/outbox/outbox-rows.ts'
import { openSqlWorker } from '#shared/on-node/sql-worker.ts'
import type { Joined, NodeWorld } from './node-world.ts'
import { startNodeWorld } from './node-world.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'

const worlds: NodeWorld[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close()
})
async function start(): Promise<NodeWorld> {
  const world = await startNodeWorld()
  worlds.push(world)
  return world
}
async function join(): Promise<NodeWorld & Joined> {
  const world = await start()
  const joined = await world.open(await world.welcome())
  await joined.data.next('session.begun')
  return { ...world, ...joined }
}

describe('node', () => {
  it('[OUT11] a turn that is finished goes to the edge by the outbox, and is stored once though the edge was down', async () => {
    const world = await join()
    const { edge, control, turns, begin } = world
    edge.refuse = () => ({ status: 503 })
    control.cut()
    const turn = turnRecord()
    turns.sink.finished(turn)
    edge.refuse = () => undefined
    const again = await world.welcome()
    expect(await again.next('turn.finished')).toEqual({
      type: 'turn.finished',
      sessionId: begin.sessionId,
      conversationId: begin.conversationId,
      turn,
    })
    again.send({ type: 'turn.stored', turnId: turn.id })
    again.cut()
    const third = await world.welcome()
    // Does not end before the outbox is empty or two seconds are over.
    await world.close()
    expect(third.messages.filter(({ type }) => type === 'turn.finished')).toEqual([])
  })

  it('[NOD7] [NSE3] a node that is stopped says so, lets the reply be finished, and ends its sessions', async () => {
    const { node, control, data, turns } = await join()
    turns.isInTurn = true
    const closed = node.close()
    await control.next('node.draining')
    expect(await data.next('session.notice')).toMatchObject({ notice: 'draining' })
    let hasEnded = false
    void turns.ended.then(() => (hasEnded = true))
    control.send({ type: 'request', id: 'a', method: 'status', deadlineMs: 1_000 })
    await control.next('response')
    expect(hasEnded).toBe(false)
    const { timings } = turnRecord()
    const done = {
      turnId: 'trn_one',
      status: 'complete',
      replyText: 'a',
      heardText: 'a',
      sentSamples: 0,
      timings,
    } as const
    turns.sink.send({ type: 'reply.done', ...done })
    turns.isInTurn = false
    expect(await turns.ended).toBe('shutdown')
    await data.next('reply.done')
    expect(await data.next('session.failed')).toEqual({ type: 'session.failed', code: 'shutdown' })
    await closed
    expect((await control.closed).code).toBe(1000)
  })

  it('[NOD8] told to hurry, it does not wait for the reply', async () => {
    const { node, turns } = await join()
    turns.isInTurn = true
    const hurry = new AbortController()
    const closed = node.close(hurry.signal)
    hurry.abort('shutdown')
    expect(await turns.ended).toBe('shutdown')
    await closed
  })

  it('[NOD9] turns that ended by the shutdown reach the edge before the node is gone', async () => {
    const { node, control, data, turns } = await join()
    const turn = turnRecord({ status: 'cut' })
    turns.onEnd = () => turns.sink.finished(turn)
    const closed = node.close()
    expect((await control.next('turn.finished')).turn).toEqual(turn)
    control.send({ type: 'turn.stored', turnId: turn.id })
    await closed
    await data.closed
  })

  it('[SND8] [NOD9] a turn whose sound is kept is on the disk when the node is gone, with its sound', async () => {
    const world = await start()
    const { turns } = await world.open(await world.welcome(), { keepAudio: true })
    const turn = turnRecord({ status: 'cut' })
    turns.sink.heard?.(turn.id, new Int16Array(16_000 * 5))
    const frame = Int16Array.from({ length: 480 }, (_, at) => 9_000 * Math.sin(at / 30))
    for (let frames = 0; frames < 750; frames++) turns.sink.audio(turn.turn, frame)
    turns.onEnd = () => turns.sink.finished(turn)
    await world.node.close()
    // This edge takes no file, so the turn waits for the next start.
    const database = await openSqlWorker(pathToFileURL(path.join(world.dataDir, 'node.db')).href)
    const [row] = await (await openOutboxRows(database)).oldest(2)
    await database.end()
    const hash = expect.stringMatching(/^[0-9a-f]{64}$/)
    expect(JSON.parse(row?.body ?? '{}')).toMatchObject({ turn: { ...turn, audio: { utterance: hash, reply: hash } } })
  })
})
