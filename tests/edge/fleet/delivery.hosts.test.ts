// Finished turns from a node to the store, over real sockets, on both hosts.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { worldsOfFile, type World } from '#tests/edge/sockets-world.ts'

const startWorld = worldsOfFile()

describe('the delivery of finished turns', () => {
  let world: World
  beforeAll(async () => {
    world = await startWorld()
  })
  afterAll(() => world.close())

  it('[WRK7] a turn is stored once and confirmed each time, also after its session; one of no conversation is rejected', async () => {
    const node = await world.node()
    const caller = await world.caller()
    await caller.start()
    const session = await node.session()
    const { conversationId } = session.about
    const [early, late] = [turnRecord(), turnRecord({ turn: 2 })]
    node.finish(session, early)
    expect(await node.told.next('turn.stored')).toMatchObject({ turnId: early.id })
    caller.sendRaw('{"type":"session.end"}')
    await caller.heard.next('session.ended')
    node.finish(session, early)
    node.finish(session, late)
    const confirmed = [await node.told.next('turn.stored'), await node.told.next('turn.stored')]
    expect(confirmed.map(({ turnId }) => turnId).toSorted()).toEqual([early.id, late.id].toSorted())

    const lost = turnRecord()
    node.say({ type: 'turn.finished', sessionId: session.about.sessionId, conversationId: 'cnv_deleted', turn: lost })
    expect(await node.told.next('turn.rejected')).toMatchObject({ turnId: lost.id, code: 'not_found' })
    // Another conversation's turn would be a conflict here: this one was stored as its own, exactly once.
    const again = await world.caller()
    await again.start({ conversationId })
    expect((await node.session()).about.nextTurn).toBe(3)
    again.sendRaw('{"type":"session.end"}')
    await again.heard.next('session.ended')
  })

  it('[FLT17] a turn of a session that another node holds is rejected and not stored', async () => {
    const holder = await world.node({ name: 'holder', slots: 9 })
    const other = await world.node({ name: 'other', slots: 1 })
    const caller = await world.caller()
    const { conversationId } = await caller.start()
    const session = await holder.session()
    const [forged, own] = [turnRecord({ turn: 7 }), turnRecord()]
    other.finish(session, forged)
    expect(await other.told.next('turn.rejected')).toMatchObject({ turnId: forged.id, code: 'not_found' })
    holder.finish(session, own)
    expect(await holder.told.next('turn.stored')).toMatchObject({ turnId: own.id })
    other.finish(session, own)
    expect(await other.told.next('turn.rejected')).toMatchObject({ turnId: own.id })
    caller.sendRaw('{"type":"session.end"}')
    await caller.heard.next('session.ended')
    const again = await world.caller()
    await again.start({ conversationId })
    expect((await holder.session()).about.nextTurn).toBe(2)
    again.sendRaw('{"type":"session.end"}')
    await again.heard.next('session.ended')
  })
})
