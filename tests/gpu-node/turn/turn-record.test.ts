// What is stored of a turn: its trace, its timings, its usage.
import { describe, expect, it } from 'vitest'
import { TurnWorld } from './turn-world.ts'

describe('the record', () => {
  it('[TUR30] carries the trace that each engine of the turn was given, another one each turn', async () => {
    const world = new TurnWorld()
    await world.ask()
    await world.clock.advance(2_000)
    await world.ask()
    await world.clock.advance(2_000)
    const { stt, llm, tts } = world.engines
    for (const [i, { traceId }] of world.records.entries())
      for (const calls of [stt.calls, llm.calls, tts.calls]) expect(calls[i]?.options.traceparent).toContain(traceId)
    expect(world.records[0]?.traceId).not.toBe(world.records[1]?.traceId)
  })

  it('[TUR31] says how long each stage took, counted from the end of speech', async () => {
    const world = new TurnWorld({
      options: { speculation: false },
      stt: { utterances: ['hi'], delayMs: 80 },
      llm: { replies: ['Hello.'], firstTokenMs: 50 },
      tts: { firstAudioMs: 30 },
    })
    await world.ask(416)
    await world.clock.advance(3_000)
    const timings = world.records[0]?.timings
    expect(timings).toMatchObject({
      sttMs: 80,
      llmFirstTokenMs: 50,
      ttsFirstAudioMs: 30,
      replyMs: 160,
      speculated: false,
    })
    expect(timings?.endpointMs).toBeGreaterThanOrEqual(500)
    expect(timings?.endpointMs).toBeLessThan(500 + 32)
    expect(timings?.voiceToVoiceMs).toBe((timings?.endpointMs ?? 0) + 160)
  })

  it('[TUR31] counts the engine’s tokens and the audio both ways, or estimates the tokens', async () => {
    const usage = { promptTokens: 123, completionTokens: 45 }
    const world = new TurnWorld({ llm: { replies: [{ tokens: 'Yes.', usage }, 'Twelve letters.'] } })
    await world.ask(416)
    await world.clock.advance(2_000)
    await world.ask(416)
    await world.clock.advance(2_000)
    expect(world.records[0]?.usage).toMatchObject({ ...usage, outputAudioMs: 200 })
    expect(world.records[0]?.usage.inputAudioMs).toBeGreaterThan(416)
    expect(world.records[1]?.usage.completionTokens).toBe(4)
    expect(world.records[1]?.usage.promptTokens).toBeGreaterThan(20)
  })
})
