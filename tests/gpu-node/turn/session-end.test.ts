// The peer vanishes, or says goodbye, in each state: what was said is kept, engines stop, nothing runs on.
import { describe, expect, it, test } from 'vitest'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import { LAST_TEXT_MS } from '#gpu-node/turn/turn-runner.ts'
import { TurnWorld } from './turn-world.ts'
import type { WorldOptions } from './turn-world.ts'

const LONG = 'This is quite a long reply, which takes a while to be heard to its very end.'

interface Case {
  state: string
  world: WorldOptions
  reach(world: TurnWorld): Promise<void>
  /** Utterance texts of the turns that are stored. */
  kept: string[]
}

const slowReply: WorldOptions = {
  stt: { utterances: ['question', ''] },
  llm: { replies: [LONG] },
  tts: { msPerChar: 100 },
}
const CASES: Case[] = [
  { state: 'listening to nothing', world: {}, reach: (world) => world.silence(500), kept: [] },
  { state: 'listening to words', world: {}, reach: (world) => world.speak(500), kept: ['hello there'] },
  {
    state: 'listening without words',
    world: { stt: { utterances: [''] } },
    reach: (world) => world.speak(500),
    kept: [],
  },
  {
    state: 'listening with a speculation',
    world: {},
    reach: async (world) => {
      await world.speak(400)
      await world.silence(300)
    },
    kept: ['hello there'],
  },
  {
    state: 'opening the recogniser',
    world: { stt: { utterances: ['x'], openMs: 5_000 } },
    reach: (world) => world.speak(500),
    kept: [],
  },
  {
    state: 'finishing',
    world: { stt: { utterances: [{ texts: [{ afterMs: 1, text: 'almost' }], finishMs: 5_000 }] } },
    reach: (world) => world.ask(),
    kept: ['almost'],
  },
  {
    state: 'finishing, with speech held back',
    world: { stt: { utterances: [{ texts: [{ afterMs: 1, text: 'almost' }], finishMs: 5_000 }, 'more'] } },
    reach: async (world) => {
      await world.ask()
      await world.speak(500)
    },
    kept: ['almost'],
  },
  {
    state: 'thinking',
    world: { llm: { replies: [{ tokens: 'Late.', firstTokenMs: 5_000 }] } },
    reach: (world) => world.ask(),
    kept: ['hello there'],
  },
  {
    state: 'speaking',
    world: slowReply,
    reach: async (world) => {
      await world.ask()
      await world.silence(500)
    },
    kept: ['question'],
  },
  {
    state: 'paused',
    world: slowReply,
    reach: async (world) => {
      await world.ask()
      await world.speak(600)
    },
    kept: ['question'],
  },
  {
    state: 'paused, waiting for the last word',
    world: { ...slowReply, stt: { utterances: ['question', { texts: [], finishMs: 5_000 }] } },
    reach: async (world) => {
      await world.ask()
      await world.speak(600)
      await world.silence(600)
    },
    kept: ['question'],
  },
  {
    state: 'interrupted',
    world: { ...slowReply, stt: { utterances: ['question', 'but'] } },
    reach: async (world) => {
      await world.ask()
      await world.speak(600)
    },
    kept: ['question', 'but'],
  },
]

const REASONS: [EndReason, string, string][] = [
  ['caller', 'interrupted', 'hangUp'],
  ['callerGone', 'cut', 'hangUp'],
  ['shutdown', 'cut', 'shutdown'],
  ['replaced', 'cut', 'replaced'],
]

/** The last text has all the time that it may take. */
async function ended(world: TurnWorld, reason: EndReason): Promise<void> {
  const ending = world.runner.end(reason)
  await world.clock.advance(LAST_TEXT_MS)
  await ending
}

describe.each(CASES)('the session ends while $state', ({ world: options, reach, kept }) => {
  test.each(REASONS)(
    '[TUR34] %s: what was said is stored as %s, engines stop, nothing is left',
    async (reason, status, stop) => {
      const world = new TurnWorld(options)
      await reach(world)
      const { stt, llm, tts } = world.engines
      const working = [...llm.calls, ...tts.calls, ...stt.calls].filter(({ options: { signal } }) => !signal.aborted)
      await ended(world, reason)
      expect(world.records.map(({ utteranceText }) => utteranceText)).toEqual(kept)
      if (kept.length > 0) expect(world.records.at(-1)?.status).toBe(status)
      // An utterance that is dropped, not cut, was 'replaced'.
      for (const {
        options: { signal },
      } of working)
        expect([stop, 'replaced']).toContain(signal.reason)
      expect(stt.openStreams).toBe(0)
      expect(world.clock.pending).toBe(0)
      const [said, frames] = [world.said.length, world.frames.length]
      await world.hear(1_000, 8_000)
      world.runner.receive({ type: 'text.send', text: 'too late' })
      await world.clock.advance(20_000)
      expect([world.said.length, world.frames.length]).toEqual([said, frames])
      expect(world.errors).toEqual([])
    },
  )
})

it('[TUR34] ending twice is ending once', async () => {
  const world = new TurnWorld(slowReply)
  await world.ask()
  await Promise.all([world.runner.end('caller'), world.runner.end('shutdown')])
  await world.runner.end('idle')
  expect(world.records).toMatchObject([{ status: 'interrupted' }])
})

it('[TUR34] the session ends while it is told something, as when the link is full: stored all the same, once', async () => {
  const world: TurnWorld = new TurnWorld({
    onSaid: ({ type }) => void (type === 'transcript.final' && world.runner.end('fault')),
  })
  await world.ask()
  await world.clock.settle()
  expect(world.records).toMatchObject([{ utteranceText: 'hello there', status: 'cut' }])
  expect(world.errors).toEqual([])
  expect(world.engines.stt.openStreams).toBe(0)
  expect(world.clock.pending).toBe(0)
})

describe('the final text of what was being said', () => {
  const final = 'turn off the light please'
  const late = (finishMs: number): WorldOptions => ({
    stt: { utterances: [{ texts: [{ afterMs: 1, text: 'turn of' }], final, finishMs }], partials: true },
  })
  const speaking = (world: TurnWorld): Promise<void> => world.speak(500)
  const closed = (world: TurnWorld): Promise<void> => world.ask()

  it.each([
    ['in the middle of an utterance', speaking],
    ['after it', closed],
  ])('[TUR34] a goodbye %s waits for it: no word is lost, and none is kept that was not said', async (_, reach) => {
    const world = new TurnWorld(late(600))
    await reach(world)
    await ended(world, 'caller')
    expect(world.records).toMatchObject([{ utteranceText: final, status: 'interrupted', replyText: '' }])
    expect(world.last('transcript.final').text).toBe(final)
    expect(world.types().at(-1)).toBe('reply.done')
    expect(world.of('reply.text')).toEqual([])
    expect(world.clock.pending).toBe(0)
  })

  it('[TUR34] also where nothing was known before it', async () => {
    const world = new TurnWorld({
      stt: { utterances: ['all of it'], partials: false },
      options: { speculation: false },
    })
    await world.speak(500)
    await ended(world, 'callerGone')
    expect(world.records).toMatchObject([{ utteranceText: 'all of it', status: 'cut' }])
  })

  it('[TUR34] is not waited for for ever: the words known so far are kept', async () => {
    const world = new TurnWorld(late(LAST_TEXT_MS + 200))
    await world.ask()
    await ended(world, 'idle')
    expect(world.records).toMatchObject([{ utteranceText: 'turn of', status: 'cut' }])
  })

  it('[TUR34] a word in doubt during a reply is kept beside the reply that it did not stop', async () => {
    const world = new TurnWorld({ ...slowReply, stt: { utterances: ['question', 'wait'] } })
    await world.ask()
    await world.silence(500)
    await world.speak(160)
    await ended(world, 'caller')
    expect(world.records.map(({ utteranceText }) => utteranceText)).toEqual(['question', 'wait'])
  })

  it('[TUR34] whoever takes the session over makes the text himself: it is not waited for', async () => {
    const world = new TurnWorld(late(600))
    await world.ask()
    await world.runner.end('replaced')
    expect(world.records).toMatchObject([{ utteranceText: 'turn of', status: 'cut' }])
  })

  it('[TUR34] has the last samples, which fill no frame of the VAD', async () => {
    let samples = 0
    const world = new TurnWorld({
      stt: { utterances: ['x'], onAudio: (pcm) => void (samples += pcm.length) },
    })
    await world.speak(500)
    const before = world.engines.stt.calls[0]?.samples ?? 0
    await ended(world, 'caller')
    expect(samples - before).toBe((500 * 16) % 512)
  })
})
