// "Speak like me": what of the caller is kept, when, and for how long.
import { describe, expect, it } from 'vitest'
import type { TurnId } from '#shared/ids.ts'
import { MAX_REFERENCE_MS, OwnVoice, scoreOf } from '#gpu-node/turn/hearing/own-voice.ts'
import { TurnWorld, type WorldOptions } from '#tests/gpu-node/turn/turn-world.ts'

const tone = (ms: number, amplitude = 4_000): Int16Array => new Int16Array(ms * 16).fill(amplitude)
const turn = (name: string): TurnId => `trn_${name}`

function say(voice: OwnVoice, name: string, ms: number, text = name): void {
  voice.begin(turn(name))
  for (let at = 0; at < ms; at += 100) voice.hear(turn(name), tone(100))
  voice.transcribed(turn(name), text)
}

describe('the reference', () => {
  it.each([
    ['too short', tone(2_900), false],
    ['long enough', tone(3_000), true],
    ['as long as may be', tone(MAX_REFERENCE_MS), true],
    ['too long', tone(MAX_REFERENCE_MS + 100), false],
    ['too quiet', tone(6_000, 200), false],
    ['distorted', tone(6_000, 32_767), false],
  ])('[CLO1] speech that is %s serves, or not', (_, pcm, serves) => {
    expect(scoreOf(pcm) !== undefined).toBe(serves)
  })

  it('[CLO1] is the best utterance so far, with its own text', () => {
    const voice = new OwnVoice()
    voice.consent()
    say(voice, 'short', 1_000)
    expect(voice.reference).toBeUndefined()
    say(voice, 'four', 4_000)
    say(voice, 'six', 6_000)
    say(voice, 'ten', 10_000)
    say(voice, 'wordless', 6_000, ' … ')
    expect(voice.reference).toMatchObject({ text: 'six', sampleRate: 16_000 })
    expect(voice.reference?.pcm).toHaveLength(96_000)
    say(voice, 'newer', 6_000)
    voice.correct(turn('six'), 'not this one')
    voice.correct(turn('newer'), 'as it was said')
    expect(voice.reference?.text).toBe('as it was said')
    say(voice, 'endless', 60_000)
    expect(voice.reference?.text).toBe('as it was said')
  })

  it('[CLO2] is kept from the first utterance that begins after the consent, until it is taken back', () => {
    const voice = new OwnVoice()
    say(voice, 'before', 6_000)
    expect(voice.reference).toBeUndefined()
    voice.begin(turn('across'))
    voice.hear(turn('across'), tone(3_000))
    voice.consent()
    voice.hear(turn('across'), tone(3_000))
    voice.transcribed(turn('across'), 'half of this is missing')
    expect(voice.reference).toBeUndefined()
    say(voice, 'after', 6_000)
    expect(voice.reference?.text).toBe('after')
    voice.withdraw()
    expect(voice.reference).toBeUndefined()
  })
})

describe('in a session', () => {
  const world = (options: WorldOptions = {}): TurnWorld =>
    new TurnWorld({ options: { speculation: false }, tts: { canClone: true }, ...options })
  const consent = { type: 'session.update', voice: { source: 'caller', consent: true } } as const
  const referencesOf = ({ engines }: TurnWorld) => engines.tts.calls.map(({ options }) => options.reference?.text)

  async function ask(world: TurnWorld, ms: number): Promise<void> {
    await world.ask(ms)
    await world.clock.advance(3_000)
  }

  it('[CLO3] the reply after the caller’s first good utterance is spoken like him, until he takes it back', async () => {
    const w = world()
    await ask(w, 4_000)
    w.runner.receive(consent)
    expect(w.last('session.updated')).toMatchObject({ voice: { source: 'caller' } })
    await ask(w, 500)
    await ask(w, 4_000)
    w.runner.receive({ type: 'session.update', ttsMode: 'fast' })
    await ask(w, 500)
    w.runner.receive({ type: 'session.update', voice: { source: 'persona' } })
    expect(w.last('session.updated')).toMatchObject({ voice: { source: 'persona' } })
    await ask(w, 4_000)
    const mine = 'hello there'
    expect(referencesOf(w)).toEqual([undefined, undefined, mine, mine, undefined])
    expect(w.of('session.notice')).toEqual([])
    const reference = w.engines.tts.calls[2]?.options.reference
    // The speech, with 60 ms around it.
    expect((reference?.pcm.length ?? 0) / 16).toBe(4_120)
  })

  it('[CLO4] a voice that cannot clone says so at once, and nothing of the caller is kept', async () => {
    const w = world({ tts: { canClone: false } })
    w.runner.receive(consent)
    expect(w.last('session.notice')).toMatchObject({ notice: 'voiceUnavailable', detail: 'caller' })
    expect(w.last('session.updated')).toMatchObject({ voice: { source: 'persona' } })
    await ask(w, 4_000)
    await ask(w, 4_000)
    expect(referencesOf(w)).toEqual([undefined, undefined])
  })
})
