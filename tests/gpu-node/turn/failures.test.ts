// LLM, TTS and the turn itself fail, hang, lie or are deaf: the turn ends with a fault, the session goes on.
import { describe, expect, it } from 'vitest'
import { ENGINE_LIMIT_MS } from '#gpu-node/turn/reply/pipeline-faults.ts'
import { LLM_RETRY_MS } from '#gpu-node/turn/reply/reply-pipeline.ts'
import type { LlmScript } from '#tests/fakes/scripted-engines.ts'
import { breaksAt, expectNoUnhandledRejections, failed, goesOn, HANGS } from './failing.ts'
import { TurnWorld } from './turn-world.ts'
import type { WorldOptions } from './turn-world.ts'

expectNoUnhandledRejections()

describe('the LLM', () => {
  const llm = (first: LlmScript): WorldOptions => ({
    llm: { replies: [first, 'Better.'] },
    options: { speculation: false },
  })

  it('[TUR26] fails: a fault with its stage, reply.done failed, a record with the code; poor outside', async () => {
    const world = new TurnWorld(llm({ tokens: '', failure: { fault: failed('llm') } }))
    await world.ask()
    expect(world.last('fault')).toMatchObject({ code: 'engine_failed', stage: 'llm', turnId: world.turnId() })
    expect(JSON.stringify(world.said)).not.toContain('secret')
    expect(world.last('reply.done')).toMatchObject({ status: 'failed', heardText: '' })
    expect(world.records[0]).toMatchObject({
      status: 'failed',
      faultCode: 'engine_failed',
      utteranceText: 'hello there',
    })
    await goesOn(world)
  })

  it('[TUR26] fails in the middle: what was heard by then is kept', async () => {
    const tokens = 'One sentence is out. And this is the second one.'
    const failure = { fault: failed('llm') }
    const world = new TurnWorld(llm({ tokens, tokenMs: 300, failAfter: 8, failure }))
    await world.ask()
    await world.clock.advance(3_000)
    expect(world.records[0]).toMatchObject({
      status: 'failed',
      heardText: expect.stringMatching(/^One sentence/) as string,
    })
    await goesOn(world)
  })

  it('[TUR27] fails transiently before its first token: it is asked again, once', async () => {
    const world = new TurnWorld(llm({ tokens: '', failure: { fault: failed('llm', true) } }))
    await world.ask()
    await world.clock.advance(LLM_RETRY_MS + 3_000)
    expect(world.records).toMatchObject([{ status: 'complete', replyText: 'Better.' }])
    expect(world.of('fault')).toEqual([])
    const twice: LlmScript = { tokens: '', failure: { fault: failed('llm', true) } }
    const other = new TurnWorld({ llm: { replies: [twice, twice, 'Better.'] }, options: { speculation: false } })
    await other.ask()
    await other.clock.advance(LLM_RETRY_MS)
    expect(other.engines.llm.calls).toHaveLength(2)
    expect(other.records[0]?.status).toBe('failed')
    await goesOn(other)
  })

  it('[TUR27] fails transiently after its first token: it is not asked again', async () => {
    const world = new TurnWorld(llm({ tokens: 'One two', failAfter: 1, failure: { fault: failed('llm', true) } }))
    await world.ask()
    await world.clock.advance(LLM_RETRY_MS)
    expect(world.engines.llm.calls).toHaveLength(1)
    expect(world.records[0]?.status).toBe('failed')
    await goesOn(world)
  })

  it('[TUR28] has a bug: internal, with the stack in the log and nothing of it outside', async () => {
    const world = new TurnWorld(llm({ tokens: '', failure: { bug: 'x is not a function' } }))
    await world.ask()
    expect(world.last('fault')).toMatchObject({ code: 'internal', turnId: world.turnId() })
    expect(JSON.stringify(world.said)).not.toContain('not a function')
    expect(world.errors).toMatchObject([{ stack: expect.stringContaining('not a function') as string }])
    expect(world.records[0]).toMatchObject({ status: 'failed', faultCode: 'internal' })
    await goesOn(world)
  })

  it('[TUR29] never answers: the turn ends at a deadline', async () => {
    const world = new TurnWorld(llm({ tokens: 'never', firstTokenMs: HANGS }))
    await world.ask()
    await world.clock.advance(ENGINE_LIMIT_MS)
    expect(world.last('fault')).toMatchObject({ code: 'deadline_exceeded', stage: 'llm' })
    expect(world.engines.llm.calls[0]?.options.signal.reason).toBe('deadline')
    await goesOn(world)
  })

  it('[TUR29] is deaf to an abort: its late tokens are void', async () => {
    const world = new TurnWorld(llm({ tokens: 'too late now', firstTokenMs: 2_000, tokenMs: 500, isDeaf: true }))
    await world.ask()
    world.runner.receive({ type: 'reply.interrupt' })
    await world.clock.advance(10_000)
    expect(world.frames).toEqual([])
    expect(world.of('reply.text')).toEqual([])
    await goesOn(world)
  })

  it('[TUR29] talks without end: the reply is as long as a record may be', async () => {
    const world = new TurnWorld({ ...llm({ tokens: Array<string>(5_000).fill('ten letter') }), tts: { languages: [] } })
    await world.ask()
    await world.clock.advance(100)
    expect(world.records[0]?.replyText.length).toBe(16_000)
    expect(world.records[0]?.status).toBe('complete')
  })
})

describe('TTS', () => {
  it('[TUR26] fails: the turn is failed, what was heard is kept', async () => {
    const world = new TurnWorld({
      options: { speculation: false },
      llm: { replies: ['It is fine. Then this.', 'Better.'] },
      tts: { failures: { 'Then this.': { fault: failed('tts') } } },
    })
    await world.ask()
    expect(world.last('fault')).toMatchObject({ code: 'engine_failed', stage: 'tts' })
    expect(world.records[0]).toMatchObject({ status: 'failed', replyText: 'It is fine. Then this.' })
    await goesOn(world)
  })

  it('[TUR29] never answers: the turn ends at a deadline', async () => {
    const world = new TurnWorld({ tts: { firstAudioMs: HANGS } })
    await world.ask()
    await world.clock.advance(ENGINE_LIMIT_MS)
    expect(world.last('fault')).toMatchObject({ code: 'deadline_exceeded', stage: 'tts' })
    await world.runner.end('caller')
    expect(world.clock.pending).toBe(0)
  })

  it('[TUR29] makes audio without end for one piece: it failed', async () => {
    const world = new TurnWorld({ tts: { msPerChar: 10_000 } })
    await world.ask()
    await world.clock.advance(100)
    expect(world.records[0]).toMatchObject({ status: 'failed', faultCode: 'engine_failed' })
  })
})

describe('a bug of the turn itself', () => {
  it('[TUR36] cuts what is under way, says internal, and the session goes on', async () => {
    const bug = breaksAt('reply.started')
    const world = new TurnWorld({ options: { speculation: false }, llm: { replies: ['Better.'] }, onSaid: bug })
    await world.ask()
    expect(world.last('fault')).toMatchObject({ code: 'internal' })
    expect(world.errors.length).toBeGreaterThan(0)
    expect(world.records).toMatchObject([{ utteranceText: 'hello there', status: 'cut' }])
    await goesOn(world)
  })

  it('[TUR41] at the time of a later piece cuts what is under way, too, and no timer throws', async () => {
    let texts = 0
    const world = new TurnWorld({
      options: { speculation: false },
      llm: { replies: ['This is the first sentence. And this is the second one.', 'Better.'] },
      tts: { msPerChar: 200 },
      onSaid: ({ type }) => {
        if (type === 'reply.text' && ++texts === 2) throw new Error('a bug')
      },
    })
    await world.ask()
    await world.clock.advance(8_000)
    expect(world.last('fault')).toMatchObject({ code: 'internal' })
    expect(world.records).toMatchObject([{ status: 'cut' }])
    await goesOn(world)
  })

  it.each(['fault', 'reply.done'] as const)(
    '[TUR36] while the end itself is being made, at %s, leaves nothing behind and the session goes on',
    async (type) => {
      const breaks = breaksAt(type)
      let isEnding = false
      const world: TurnWorld = new TurnWorld({
        options: { speculation: false },
        llm: { replies: [{ tokens: 'Never.', firstTokenMs: 5_000 }, 'Better.'] },
        onSaid: (message) => {
          if (message.type === 'reply.started' && !isEnding) {
            isEnding = true
            throw new Error('a bug')
          }
          if (isEnding) breaks(message)
        },
      })
      await world.ask()
      expect(world.last('fault')).toMatchObject({ code: 'internal' })
      await world.clock.advance(10_000)
      expect(world.engines.stt.openStreams).toBe(0)
      expect(world.clock.pending).toBe(0)
      await goesOn(world)
    },
  )
})
