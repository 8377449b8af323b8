// One spoken turn from the caller's microphone to libSQL and back, over everything that is real but the engines.
import { expect, vi } from 'vitest'
import { it } from './call-test.ts'
import { METRICS_TOKEN } from './call-world.ts'

it('[CAL1] a spoken turn is stored once, with all that is known of it, and shown and counted', async ({ start }) => {
  const usage = { promptTokens: 40, completionTokens: 3 }
  const world = await start({
    nodes: [
      {
        stt: { utterances: ['how are you'] },
        llm: { replies: [{ tokens: 'Fine, thank you.', usage }] },
        tts: { msPerChar: 20 },
      },
    ],
  })
  const caller = await world.caller()
  const { conversationId, personaName } = await caller.ready()
  const done = await caller.turn()
  expect(personaName).toBe('Parley')
  expect(done).toMatchObject({ status: 'complete', replyText: 'Fine, thank you.', heardText: 'Fine, thank you.' })
  const { turns, ...summary } = await vi.waitFor(
    async () => {
      const found = await world.conversation(conversationId)
      expect(found.turns).toHaveLength(1)
      return found
    },
    { timeout: 10_000 },
  )
  expect(summary).toMatchObject({ id: conversationId, personaId: 'per_default', turnCount: 1, title: 'how are you' })
  expect(turns).toEqual([
    {
      id: done.turnId,
      turn: 1,
      source: 'speech',
      status: 'complete',
      language: 'en',
      utteranceText: 'how are you',
      correctedText: null,
      replyText: 'Fine, thank you.',
      heardText: 'Fine, thank you.',
      engines: { vad: 'scripted-vad@1', stt: 'scripted-stt@1', llm: 'scripted-llm@1', tts: 'scripted-tts@1' },
      timings: done.timings,
      usage: { ...usage, inputAudioMs: expect.any(Number), outputAudioMs: 320 },
      traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      startedAt: expect.any(Number),
      endedAt: expect.any(Number),
    },
  ])
  expect(turns[0]?.timings).toMatchObject({ endpointMs: 512, voiceToVoiceMs: expect.any(Number) })
  expect(turns[0]?.usage.inputAudioMs).toBeGreaterThan(400)
  expect(await world.conversations()).toMatchObject([{ id: summary.id, title: summary.title, turnCount: 1 }])
  const metrics = await world.metrics()
  expect(metrics).toMatch(/^parley_turns_stored_total\{status="complete"\} 1$/m)
  expect(metrics).toMatch(/^parley_sessions_opened_total 1$/m)
  expect(metrics).toMatch(/^parley_turn_voice_to_voice_seconds_count 1$/m)
  expect((await world.get('/metrics', `${METRICS_TOKEN}x`)).status).toBe(401)
})
