// What holds of a session's turns whatever the caller does, however slow the engines are, and whichever of them fails.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { silentLog } from '#shared/log.ts'
import { createLlmChain } from '#gpu-node/engines/chain/llm-chain.ts'
import { createSttChain } from '#gpu-node/engines/chain/stt-chain.ts'
import { createTtsChain } from '#gpu-node/engines/chain/tts-chain.ts'
import { member } from '#tests/fakes/chain-member.ts'
import { createScriptedStt, createScriptedTts } from '#tests/fakes/scripted-engines.ts'
import type { SttScript } from '#tests/fakes/scripted-stt.ts'
import { expectNoUnhandledRejections, failed } from './failing.ts'
import { TurnWorld, type WorldOptions } from './turn-world.ts'

expectNoUnhandledRejections()

type Deed = (world: TurnWorld) => Promise<void> | void

const LONG = 'This is quite a long reply. It takes a while to be heard to its very end, and may be cut.'

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({ speech: fc.constantFrom(80, 200, 400, 700), pause: fc.constantFrom(100, 260, 600, 1_500) })
      .map(({ speech, pause }) => async (world: TurnWorld) => {
        await world.speak(speech)
        await world.silence(pause)
      }),
  },
  fc.constantFrom<Deed>(
    (world) => world.runner.receive({ type: 'utterance.commit' }),
    (world) => world.runner.receive({ type: 'utterance.clear' }),
    (world) => world.runner.receive({ type: 'text.send', text: 'typed' }),
    (world) => world.runner.receive({ type: 'reply.interrupt' }),
    (world) => world.runner.receive({ type: 'session.update', language: 'zh', options: { speculation: false } }),
    (world) => world.clock.advance(20),
    (world) => world.clock.advance(8_000),
  ),
  fc.integer({ min: 0, max: 100_000 }).map((playedSamples) => (world: TurnWorld) => {
    const turnId = world.of('reply.started').at(-1)?.turnId
    if (turnId) world.runner.receive({ type: 'playback.progress', turnId, playedSamples })
  }),
)

const failure = { fault: failed('stt') }
const utterance: fc.Arbitrary<SttScript> = fc.record({
  texts: fc.constantFrom([], [{ afterMs: 1, text: 'word' }], [{ afterMs: 350, text: 'late word' }]),
  final: fc.constantFrom(undefined, '', 'another text'),
  finishMs: fc.constantFrom(undefined, 300, 3_000, 25_000),
  failAt: fc.constantFrom(undefined, undefined, { open: failure }, { snapshot: failure }, { finish: failure }),
})

const reply = fc.constantFrom(
  'Yes.',
  LONG,
  { tokens: LONG, firstTokenMs: 900, tokenMs: 100 },
  { tokens: LONG, tokenMs: 50, failAfter: 5, failure: { fault: failed('llm') } },
  { tokens: LONG, firstTokenMs: 5_000, isDeaf: true },
  '',
)

const session = fc.record({
  utterances: fc.array(utterance, { minLength: 1, maxLength: 6 }),
  replies: fc.array(reply, { minLength: 1, maxLength: 6 }),
  openMs: fc.constantFrom(0, 0, 500, 12_000),
  delayMs: fc.constantFrom(0, 150),
  partials: fc.boolean(),
  msPerChar: fc.constantFrom(10, 70),
  hasLadder: fc.boolean(),
})

/** With engines that stand in for those that fail, and an apology where none does. */
const LADDER: WorldOptions = {
  apology: { text: 'Sorry.', pcm: new Int16Array(16_000).fill(300), sampleRate: 16_000 },
  wire: ({ stt, llm, tts }, clock) => {
    const surroundings = { clock, log: silentLog }
    const heard = createScriptedStt({ clock, name: 'other', utterances: ['heard by another'] })
    const plain = createScriptedTts({ clock, name: 'other', languages: ['en'] })
    const modes = { hq: [], maxQueueMs: 150, isCardFull: () => false }
    return {
      stt: createSttChain([member(stt), member(heard)], surroundings),
      llm: createLlmChain([member(llm)], surroundings),
      tts: createTtsChain({ ...surroundings, ...modes, fast: [member(tts), member(plain)] }),
    }
  },
}
/** Of the long reply, in its middle. */
const BROKEN = { failures: { 'This is quite a long reply.': { fault: failed('tts') } }, failAfterMs: 200 }

it('[TUR37] each step is told once and in order, nothing is said into a pause, and a session is never stuck', async () => {
  await fc.assert(
    fc.asyncProperty(session, fc.array(deed, { maxLength: 12 }), async (facts, deeds) => {
      const { utterances, replies, openMs, delayMs, partials, msPerChar, hasLadder } = facts
      const heardAt: { type: string; frames: number }[] = []
      const world: TurnWorld = new TurnWorld({
        stt: { utterances, openMs, delayMs, partials },
        llm: { replies },
        tts: { msPerChar, ...(hasLadder && BROKEN) },
        ...(hasLadder && LADDER),
        onSaid: ({ type }) => void heardAt.push({ type, frames: world.frames.length }),
      })
      for (const each of deeds) {
        await each(world)
        await world.clock.settle()
      }
      await world.silence(1_000)
      await world.clock.advance(120_000)
      expectSilentPauses(heardAt)
      expectEnds(world)

      const before = world.of('utterance.started').length
      await world.ask()
      await world.clock.advance(120_000)
      expect(world.of('utterance.started')).toHaveLength(before + 1)
      expectEnds(world)
      await world.runner.end('caller')
      expect([world.engines.stt.openStreams, world.clock.pending, world.errors]).toEqual([0, 0, []])
    }),
    { numRuns: 150 },
  )
})

/** Every utterance ended once, every reply was started and done once, each was stored, and turns are numbered in order. */
function expectEnds(world: TurnWorld): void {
  const idsOf = (type: 'utterance.started' | 'reply.started' | 'reply.done'): string[] =>
    world.of(type).map(({ turnId }) => turnId)
  // That it held no words after all may be told of an utterance that has ended (END9).
  const ended = world.of('utterance.ended')
  const isLate = ({ reason }: (typeof ended)[0], at: number): boolean =>
    reason === 'noSpeech' && ended.slice(0, at).some(({ turnId }) => turnId === ended[at]?.turnId)
  const endedIds = ended.filter((each, at) => !isLate(each, at)).map(({ turnId }) => turnId)
  expect(endedIds.toSorted()).toEqual(idsOf('utterance.started').toSorted())
  expect(idsOf('reply.done')).toEqual(idsOf('reply.started'))
  expect(world.records.map(({ id }) => id)).toEqual(idsOf('reply.done'))
  expect(new Set(idsOf('reply.done')).size).toBe(world.records.length)
  const ordinals = world.of('reply.started').map(({ turn }) => turn)
  expect(ordinals).toEqual([...new Set(ordinals)].toSorted((one, other) => one - other))
}

function expectSilentPauses(said: { type: string; frames: number }[]): void {
  let pausedAt: number | undefined
  for (const { type, frames } of said) {
    if (type === 'reply.paused') pausedAt = frames
    if (type !== 'reply.resumed' && type !== 'reply.done') continue
    if (pausedAt !== undefined) expect(frames).toBe(pausedAt)
    pausedAt = undefined
  }
}
