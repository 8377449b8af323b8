// Finished turns on their way from a node's outbox through the fleet room into the store.
import { describe, expect, it } from 'vitest'
import { CLOSE_NORMAL } from '#shared/protocol/close-codes.ts'
import { observeTurn } from '#edge/fleet/turn-metrics.ts'
import { createMetrics } from '#edge/runtime/node/metrics.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { FakeWorld } from '#tests/edge/rooms-world.ts'

describe('finished turns', () => {
  it('[FLT14] the metrics of a stored turn are its status and the stages that ran', () => {
    const metrics = createMetrics()
    const record = turnRecord()
    observeTurn(metrics, {
      ...record,
      timings: { ...record.timings, voiceToVoiceMs: 516, endpointMs: 512, sttMs: 4, llmFirstTokenMs: null },
    })
    return expect(metrics.text()).resolves.toSatisfy((text: string) => {
      expect(text).toMatch(/turns_stored_total\{status="complete"\} 1/)
      expect(text).toMatch(/turn_voice_to_voice\w*_sum 0\.516|turn_voice_to_voice\w*_sum 516/)
      expect(text).toMatch(/turn_stage\w*_count\{stage="stt"\} 1/)
      expect(text).not.toMatch(/stage="llm"/)
      return true
    })
  })

  it('[FLT10] a turn is stored and confirmed, also twice and after its session; one without conversation is rejected', async () => {
    const world = new FakeWorld()
    const { control, caller, node } = await world.live()
    const { conversationId } = caller.socket.last('session.ready') ?? {}
    const message = { type: 'turn.finished', sessionId: world.sessionId, conversationId, turn: turnRecord() }
    control.say(message)
    await world.until(() => control.socket.types.includes('turn.stored'))
    caller.say({ type: 'session.end' })
    node.close(CLOSE_NORMAL)
    control.say(message)
    await world.until(() => control.socket.types.filter((type) => type === 'turn.stored').length === 2)
    expect([...world.store.conversations.values()].flatMap(({ turns }) => [...turns.keys()])).toEqual([message.turn.id])
    control.say({ ...message, conversationId: 'cnv_deleted' })
    await world.until(() => control.socket.types.includes('turn.rejected'))
    expect(control.socket.last('turn.rejected')).toMatchObject({ turnId: message.turn.id, code: 'not_found' })
  })

  it('[FLT10] while the store fails there is no answer, so that the node’s outbox sends the turn again', async () => {
    const world = new FakeWorld()
    const { control, caller } = await world.live()
    const { conversationId } = caller.socket.last('session.ready') ?? {}
    const message = { type: 'turn.finished', sessionId: world.sessionId, conversationId, turn: turnRecord() }
    const before = control.socket.types.length
    world.store.failure = new Error('SQLITE_BUSY')
    control.say(message)
    await world.clock.settle()
    expect(control.socket.types).toHaveLength(before)
    world.store.failure = undefined
    control.say(message)
    await world.until(() => control.socket.types.includes('turn.stored'))
  })
})
