// Several recognisers as one: an utterance that one of them loses is heard from its first sample by the next.
import { describe, expect, it } from 'vitest'
import { concatPcm } from '#shared/audio/pcm.ts'
import { silentLog } from '#shared/log.ts'
import type { Fallback } from '#shared/model/turn.ts'
import { FIRST_ANSWER_MS } from '#gpu-node/engines/chain/first-answer.ts'
import { createSttChain } from '#gpu-node/engines/chain/stt-chain.ts'
import { member } from '#tests/fakes/chain-member.ts'
import { createScriptedStt } from '#tests/fakes/scripted-engines.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import { failed } from '#tests/gpu-node/turn/failing.ts'

const never = (): AbortSignal => new AbortController().signal

describe('a chain of recognisers', () => {
  const said = new Int16Array(1_600).fill(8_000)

  function chainOf(failAt: 'open' | 'finish' | 'snapshot') {
    const clock = createVirtualClock()
    const heard: Int16Array[] = []
    const bad = { texts: [{ afterMs: 1, text: 'half' }], failAt: { [failAt]: { fault: failed('stt') } } }
    const first = member(createScriptedStt({ clock, name: 'whisper', utterances: [bad] }))
    const second = member(
      createScriptedStt({ clock, name: 'embedded', utterances: ['hello there'], onAudio: (pcm) => heard.push(pcm) }),
    )
    const stt = createSttChain([first, second], { clock, log: silentLog })
    const told: Fallback[] = []
    const partials: string[] = []
    const open = () =>
      stt.open({ language: 'en', signal: never(), onFallback: (f) => told.push(f), onPartial: (t) => partials.push(t) })
    return { stt, first, second, told, partials, heard, open }
  }

  it.each(['open', 'snapshot', 'finish'] as const)(
    '[LAD9] one that fails at %s: the next hears the utterance from its first sample',
    async (failAt) => {
      const { open, told, heard, first, second } = chainOf(failAt)
      const stream = await open()
      stream.push(said)
      stream.push(said)
      if (failAt === 'snapshot') expect(await stream.snapshot()).toBe('hello there')
      stream.push(said)
      expect(await stream.finish()).toBe('hello there')
      expect(concatPcm(heard)).toEqual(concatPcm([said, said, said]))
      expect(told).toEqual([{ role: 'stt', asked: 'whisper@1', used: 'embedded@1', reason: 'failed' }])
      expect(first.engine.openStreams + second.engine.openStreams).toBe(0)
    },
  )

  it('[LAD9] one that is gone in the middle is not waited for', async () => {
    const { open, told, first, partials } = chainOf('open')
    const stream = await open()
    stream.push(said)
    expect(partials).toEqual(['hello there'])
    first.is = 'failed'
    expect(await stream.finish()).toBe('hello there')
    expect(told).toMatchObject([{ used: 'embedded@1' }])
  })

  it('[LAD9] two questions that fail together move on once', async () => {
    const { open, heard, second } = chainOf('snapshot')
    const stream = await open()
    stream.push(said)
    expect(await Promise.all([stream.snapshot(), stream.snapshot()])).toEqual(['hello there', 'hello there'])
    expect(second.engine.calls).toHaveLength(1)
    expect(heard).toHaveLength(1)
    stream.close()
  })

  it('[LAD9] a question that is stopped because another one moved on is asked of the next', async () => {
    const clock = createVirtualClock()
    const failAt = { snapshot: { fault: failed('stt') } }
    const first = createScriptedStt({ clock, utterances: [{ texts: [], failAt, finishMs: 300 }] })
    const second = createScriptedStt({ clock, name: 'embedded', utterances: ['hello there'] })
    const stt = createSttChain([member(first), member(second)], { clock, log: silentLog })
    const stream = await stt.open({ language: 'en', signal: never() })
    stream.push(said)
    const [asked, finished] = [stream.snapshot(), stream.finish()]
    expect(await finished).toBe('hello there')
    expect(await asked).toBe('hello there')
    expect([first.openStreams, second.openStreams, clock.pending]).toEqual([0, 0, 0])
  })

  it('[LAD9] one that does not open in time is given up, and frees its slot when it opens after all', async () => {
    const clock = createVirtualClock()
    const slow = createScriptedStt({ clock, name: 'whisper', utterances: ['late'] })
    const { open } = slow
    slow.open = async (request) => {
      await clock.sleep(FIRST_ANSWER_MS + 1_000)
      return open({ ...request, signal: never() })
    }
    const second = createScriptedStt({ clock, name: 'embedded', utterances: ['hello there'] })
    const stt = createSttChain([member(slow), member(second)], { clock, log: silentLog })
    const opening = stt.open({ language: 'en', signal: never() })
    await clock.advance(FIRST_ANSWER_MS)
    const stream = await opening
    stream.push(said)
    expect(await stream.finish()).toBe('hello there')
    await clock.advance(1_000)
    expect([slow.calls.length, slow.openStreams]).toEqual([1, 0])
  })

  it('[LAD9] of a stream that is closed nothing is kept, and nothing is asked of it', async () => {
    const { open, first, second } = chainOf('finish')
    const stream = await open()
    stream.close()
    stream.push(said)
    await expect(stream.snapshot()).rejects.toBeDefined()
    expect([first.engine.openStreams, second.engine.calls.length]).toEqual([0, 0])
  })
})
