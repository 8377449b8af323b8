// What the caller sends besides audio: commit, clear, text, interrupt; and the limits.
import { describe, expect, it } from 'vitest'
import { MAX_UTTERANCE_FRAMES, MAX_UTTERANCE_MS } from '#shared/protocol/limits.ts'
import { VAD_FRAME_SAMPLES } from '#gpu-node/engines/ports.ts'
import { TurnWorld } from './turn-world.ts'

const LONG = 'This is quite a long reply, which takes a while to be heard to its very end.'
const slow = { llm: { replies: [LONG, 'Second.'] }, tts: { msPerChar: 100 } }

describe('utterance.commit', () => {
  it('[END8] ends the utterance at once, without any silence', async () => {
    const world = new TurnWorld()
    await world.speak(400)
    world.runner.receive({ type: 'utterance.commit' })
    await world.clock.settle()
    expect(world.last('utterance.ended')).toMatchObject({ reason: 'commit', at: 400 })
    expect(world.last('reply.text').text).toBe('Hello to you.')
  })

  it('[END8] the recogniser gets all samples up to it, also those that fill no frame of the VAD', async () => {
    const world = new TurnWorld()
    await world.speak(410)
    const before = world.engines.stt.calls[0]?.samples ?? 0
    const heard = Math.floor((420 * 16) / VAD_FRAME_SAMPLES) * VAD_FRAME_SAMPLES
    expect(before).toBe(heard)
    world.runner.receive({ type: 'utterance.commit' })
    await world.clock.settle()
    expect(world.engines.stt.calls[0]?.samples).toBe(420 * 16)
  })

  it('[END8] without an utterance does nothing', async () => {
    const world = new TurnWorld()
    await world.silence(100)
    world.runner.receive({ type: 'utterance.commit' })
    world.runner.receive({ type: 'utterance.clear' })
    await world.clock.settle()
    expect(world.said).toEqual([])
  })

  it('[TUR33] during a reply means it, however short the utterance: words interrupt, none resume', async () => {
    for (const words of ['no', '']) {
      const world = new TurnWorld({ ...slow, stt: { utterances: ['hi', words], partials: false } })
      await world.ask()
      await world.silence(500)
      await world.speak(160)
      world.runner.receive({ type: 'utterance.commit' })
      await world.clock.settle()
      expect(world.of('reply.paused')).toHaveLength(1)
      if (words === '') expect(world.types().at(-1)).toBe('reply.resumed')
      else expect(world.last('reply.done').status).toBe('interrupted')
      expect(world.of('reply.started')).toHaveLength(words === '' ? 1 : 2)
    }
  })
})

describe('utterance.clear', () => {
  it('[END8] drops the utterance: no turn, no reply, and the next one is new', async () => {
    const world = new TurnWorld()
    await world.speak(400)
    await world.silence(300)
    world.runner.receive({ type: 'utterance.clear' })
    await world.silence(1_000)
    expect(world.types()).toEqual(['utterance.started', 'transcript.partial', 'utterance.ended'])
    expect(world.last('utterance.ended').reason).toBe('cleared')
    expect(world.engines.llm.calls[0]?.options.signal.reason).toBe('replaced')
    expect(world.engines.stt.openStreams).toBe(0)
    await world.ask()
    expect(world.last('reply.started').turn).toBe(2)
  })

  it('[END8] of a sound that holds a reply lets the reply go on', async () => {
    const world = new TurnWorld({ ...slow, stt: { utterances: ['hi', ''] } })
    await world.ask()
    await world.silence(500)
    await world.speak(500)
    world.runner.receive({ type: 'utterance.clear' })
    expect(world.types().slice(-2)).toEqual(['reply.paused', 'reply.resumed'])
  })
})

describe('utterance.clear in the middle of a sentence', () => {
  it('[END8] drops its rest, too: half a sentence is no utterance', async () => {
    const world = new TurnWorld()
    await world.speak(400)
    world.runner.receive({ type: 'utterance.clear' })
    // Shorter than a soft end: a breath within the sentence.
    await world.silence(100)
    await world.speak(600)
    await world.silence(1_000)
    expect(world.types()).toEqual(['utterance.started', 'transcript.partial', 'utterance.ended'])
    expect(world.engines.stt.calls).toHaveLength(1)
  })

  it('[END8] what is said after a pause is heard from its first sample', async () => {
    const world = new TurnWorld({ stt: { utterances: ['first', 'second'] } })
    await world.speak(400)
    world.runner.receive({ type: 'utterance.clear' })
    await world.speak(200)
    await world.silence(300)
    await world.ask()
    expect(world.of('utterance.started')).toHaveLength(2)
    expect(world.last('transcript.final').text).toBe('second')
    const samples = world.engines.stt.calls[1]?.samples ?? 0
    expect(samples).toBeGreaterThanOrEqual(16 * (400 + 200))
    expect(world.of('utterance.started')[1]?.atSample).toBeGreaterThanOrEqual(16 * 890)
  })
})

describe('reply.interrupt while the final text is on the way', () => {
  const almost = { texts: [{ afterMs: 1, text: 'turn off' }], final: 'turn off the light', finishMs: 1_000 }

  it('[TUR20] lets the text come, whole, and no reply follows', async () => {
    const world = new TurnWorld({ stt: { utterances: [almost, 'next'] } })
    await world.ask()
    world.runner.receive({ type: 'reply.interrupt' })
    await world.clock.advance(2_000)
    expect(world.last('transcript.final').text).toBe('turn off the light')
    expect(world.records).toMatchObject([
      { utteranceText: 'turn off the light', replyText: '', heardText: '', status: 'interrupted' },
    ])
    expect(world.of('reply.text')).toEqual([])
    expect(world.frames).toEqual([])
    await world.ask()
    await world.clock.advance(3_000)
    expect(world.records[1]).toMatchObject({ utteranceText: 'next', status: 'complete' })
  })

  it('[TUR20] makes no turn of a sound without words', async () => {
    const world = new TurnWorld({ stt: { utterances: [{ texts: [], finishMs: 1_000 }] } })
    await world.ask()
    world.runner.receive({ type: 'reply.interrupt' })
    await world.clock.advance(2_000)
    expect(world.last('utterance.ended').reason).toBe('noSpeech')
    expect(world.records).toEqual([])
  })
})

describe('limits of an utterance', () => {
  it('[END7] at 60 s it is closed and answered, with a fault that names the limit', async () => {
    const world = new TurnWorld({ inputRate: 8_000 })
    await world.speak(MAX_UTTERANCE_MS + 100)
    expect(world.last('fault')).toMatchObject({
      code: 'too_large',
      limit: 'utterance',
      max: MAX_UTTERANCE_MS,
      unit: 'ms',
      turnId: world.of('reply.started')[0]?.turnId,
    })
    expect(world.last('fault').got).toBeGreaterThan(MAX_UTTERANCE_MS)
    expect(world.of('utterance.ended')[0]?.reason).toBe('limit')
    expect(world.of('transcript.final')).toHaveLength(1)
  })

  it('[END7] the session lives on: what is said after it is an utterance of its own', async () => {
    const world = new TurnWorld({ inputRate: 8_000, tts: { msPerChar: 1 } })
    await world.speak(MAX_UTTERANCE_MS + 2_000)
    await world.silence(600)
    await world.clock.advance(3_000)
    expect(world.records.map(({ status }) => status)).toEqual(['complete', 'complete'])
  })

  it('[END7] at 3,000 frames', async () => {
    const world = new TurnWorld()
    await world.speak(200)
    for (let i = 0; i <= MAX_UTTERANCE_FRAMES; i++) world.runner.audio(new Int16Array(16).fill(8_000))
    expect(world.last('fault')).toMatchObject({ limit: 'utterance', max: MAX_UTTERANCE_FRAMES, unit: 'frames' })
  })
})

describe('text.send', () => {
  it('[TUR21] is a turn by text', async () => {
    const world = new TurnWorld()
    world.runner.receive({ type: 'text.send', text: 'hello' })
    await world.clock.advance(3_000)
    expect(world.types()).toEqual(['transcript.final', 'reply.started', 'reply.text', 'reply.done'])
    expect(world.records[0]).toMatchObject({
      source: 'text',
      turn: 1,
      utteranceText: 'hello',
      status: 'complete',
      engines: { llm: 'scripted-llm@1', tts: 'scripted-tts@1' },
      timings: { endpointMs: null, sttMs: null, replyMs: 0, voiceToVoiceMs: null },
    })
    expect(world.records[0]?.engines).not.toHaveProperty('vad')
  })

  it('[TUR21] during a reply ends it at once, and the next prompt has what was heard', async () => {
    const world = new TurnWorld(slow)
    await world.ask()
    await world.silence(2_000)
    world.runner.receive({ type: 'text.send', text: 'shorter please' })
    await world.clock.settle()
    const done = world.last('reply.done')
    expect(done).toMatchObject({ status: 'interrupted', at: world.now })
    expect(done.heardText).toMatch(/^This is quite/)
    expect(world.engines.llm.calls[1]?.options.messages.at(-2)?.content).toBe(`${done.heardText}…`)
    expect(world.last('reply.text').text).toBe('Second.')
  })

  it('[TUR21] takes the floor from an utterance that is being spoken', async () => {
    const world = new TurnWorld({ llm: { replies: ['Second.'] } })
    await world.speak(400)
    world.runner.receive({ type: 'text.send', text: 'typed' })
    await world.speak(400)
    await world.silence(1_000)
    await world.clock.advance(3_000)
    expect(world.last('utterance.ended').reason).toBe('cleared')
    expect(world.records).toMatchObject([{ utteranceText: 'typed', status: 'complete' }])
    expect(world.engines.stt.openStreams).toBe(0)
  })

  it('[TUR21] keeps the words of an utterance whose final text is on the way', async () => {
    const script = { texts: [{ afterMs: 1, text: 'spoken' }], finishMs: 5_000 }
    const world = new TurnWorld({ stt: { utterances: [script] } })
    await world.ask()
    world.runner.receive({ type: 'text.send', text: 'typed' })
    await world.clock.advance(8_000)
    expect(world.records).toMatchObject([
      { utteranceText: 'spoken', status: 'interrupted', heardText: '' },
      { utteranceText: 'typed', status: 'complete' },
    ])
    expect(world.engines.stt.openStreams).toBe(0)
  })

  it('[TUR21] several at once: each is a turn, the last one is answered to the end', async () => {
    const world = new TurnWorld(slow)
    for (const text of ['one', 'two', 'three']) world.runner.receive({ type: 'text.send', text })
    await world.clock.advance(12_000)
    expect(world.records.map(({ turn, utteranceText, status }) => [turn, utteranceText, status])).toEqual([
      [1, 'one', 'interrupted'],
      [2, 'two', 'interrupted'],
      [3, 'three', 'complete'],
    ])
  })
})

describe('reply.interrupt', () => {
  it('[TUR20] ends the reply at once with what was heard, and the session listens', async () => {
    const world = new TurnWorld(slow)
    await world.ask()
    await world.silence(2_000)
    world.runner.receive({ type: 'reply.interrupt' })
    expect(world.last('reply.done')).toMatchObject({ status: 'interrupted', at: world.now })
    const sent = world.frames.length
    await world.clock.advance(3_000)
    expect(world.frames.length).toBe(sent)
    await world.ask()
    expect(world.last('reply.text').text).toBe('Second.')
  })

  it('[TUR20] while thinking leaves nothing to hear; without a reply it does nothing', async () => {
    const world = new TurnWorld({ llm: { replies: ['Yes.'], firstTokenMs: 2_000 } })
    world.runner.receive({ type: 'reply.interrupt' })
    expect(world.said).toEqual([])
    await world.ask()
    world.runner.receive({ type: 'reply.interrupt' })
    await world.clock.advance(5_000)
    expect(world.records).toMatchObject([{ status: 'interrupted', replyText: '', heardText: '' }])
    expect(world.frames).toEqual([])
  })

  it('[TUR20] while the caller speaks makes his sound an utterance', async () => {
    const world = new TurnWorld({ ...slow, stt: { utterances: ['hi', 'words'] } })
    await world.ask()
    await world.speak(200)
    world.runner.receive({ type: 'reply.interrupt' })
    expect(world.types().slice(-3)).toEqual(['reply.done', 'utterance.started', 'transcript.partial'])
    await world.silence(600)
    expect(world.last('reply.text').text).toBe('Second.')
  })
})
