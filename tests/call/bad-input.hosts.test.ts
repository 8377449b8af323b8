// What a client with mistakes sends, through everything that is real: each mistake is named, and the call goes on.
import { afterAll, beforeAll, describe, expect } from 'vitest'
import { encodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { MAX_TEXT_CHARS, MAX_UTTERANCE_MS } from '#shared/protocol/limits.ts'
import { ScriptedCaller } from '#tests/fakes/scripted-caller.ts'
import { it } from './call-test.ts'
import { startCallWorld, type CallWorld } from './call-world.ts'

const numbered = (message: object) => (caller: ScriptedCaller) => void caller.link.sendMessage(message)
const raw = (text: string) => (caller: ScriptedCaller) => caller.sendRaw(text)
const audio = (bytes: number) => (caller: ScriptedCaller) => void caller.link.sendAudio(0, new Uint8Array(bytes))
const update = (options: object) => numbered({ type: 'session.update', options })

interface Mistake {
  what: string
  send: (caller: ScriptedCaller) => void
  fault: object
}

const MISTAKES: Mistake[] = [
  { what: 'an odd number of bytes', send: audio(321), fault: issue(/even number of bytes, got 321/) },
  { what: 'no samples', send: audio(0), fault: issue(/no samples/) },
  {
    what: 'frames of another rate',
    send: audio(19_200),
    fault: { code: 'too_large', limit: 'audioFrame', max: 6_400, got: 19_200, unit: 'bytes' },
  },
  { what: 'an unknown type', send: numbered({ type: 'coffee.make' }), fault: issue(/^type: /) },
  { what: 'no type', send: raw('{"text":"hello"}'), fault: issue(/^type: /) },
  { what: 'invalid JSON', send: raw('{"type":"text.send",'), fault: issue(/not valid JSON/) },
  {
    what: 'a text of 1,001 characters',
    send: numbered({ type: 'text.send', text: '话'.repeat(1_001) }),
    fault: { code: 'too_large', limit: 'text', max: MAX_TEXT_CHARS, got: 1_001, unit: 'characters' },
  },
  { what: 'an option out of its bounds', send: update({ hardEndMs: 50 }), fault: issue(/^options\.hardEndMs: .*100/) },
  {
    what: 'options that contradict each other',
    send: update({ softEndMs: 900 }),
    fault: issue(/options\.softEndMs.*options\.hardEndMs/),
  },
  {
    what: 'a turn that does not exist',
    send: numbered({ type: 'transcript.correct', turnId: 'trn_nobody', text: 'hello' }),
    fault: { code: 'not_found', kind: 'turn', id: 'trn_nobody' },
  },
  { what: 'a second session.start', send: raw('{"type":"session.start"}'), fault: issue(/session\.start: only once/) },
  {
    what: 'an acknowledgement of what was never sent',
    send: raw('{"type":"ack","received":1000}'),
    fault: issue(/^ack\.received: /),
  },
]

const BEFORE_START: Mistake[] = [
  { what: 'audio', send: (caller) => caller.sendRaw(frame(640)), fault: issue(/audio before session\.start/) },
  { what: 'text', send: raw('{"type":"text.send","seq":1,"text":"hi"}'), fault: issue(/before session\.start/) },
  {
    what: 'an option out of its bounds',
    send: raw('{"type":"session.start","options":{"bargeInMs":10}}'),
    fault: issue(/^options\.bargeInMs: .*60/),
  },
  {
    what: 'options that contradict each other',
    send: raw('{"type":"session.start","options":{"silenceThreshold":0.8}}'),
    fault: issue(/options\.silenceThreshold.*options\.speechThreshold/),
  },
  {
    what: 'a rate that is not spoken',
    send: raw('{"type":"session.start","audio":{"inputRate":44100}}'),
    fault: issue(/^audio\.inputRate: /),
  },
]

function issue(text: RegExp): object {
  return { code: 'invalid_message', issues: [expect.stringMatching(text)] }
}

function frame(bytes: number): Uint8Array<ArrayBuffer> {
  return encodeAudioFrame({ turn: 0, sequence: 1, pcm: new Uint8Array(bytes) })
}

describe.concurrent('a client with a mistake', () => {
  let world: CallWorld
  beforeAll(async () => {
    world = await startCallWorld({ nodes: [{ slots: 8, tts: { msPerChar: 10 } }] })
  })
  afterAll(() => world.close())

  async function connect(): Promise<ScriptedCaller> {
    const caller = new ScriptedCaller(world.edge.url.replace('http', 'ws'))
    return caller.connect({ authorization: `Bearer ${world.key}` })
  }

  /** A spoken and a written turn, and then the end. */
  async function goesOn(caller: ScriptedCaller): Promise<void> {
    for (const amplitude of [...Array.from({ length: 4 }, () => 8_000), 0, 0, 0, 0, 0, 0])
      caller.link.sendAudio(0, new Uint8Array(new Int16Array(1_600).fill(amplitude).buffer))
    expect(await caller.heard.next('reply.done')).toMatchObject({ status: 'complete', replyText: 'Hello to you.' })
    caller.link.sendMessage({ type: 'text.send', text: 'hello' })
    expect(await caller.heard.next('reply.done')).toMatchObject({ status: 'complete' })
    caller.sendRaw('{"type":"session.end"}')
    await caller.heard.next('session.ended')
    caller.close()
  }

  it.each(MISTAKES)('[CAL13] ($what) hears which, and the call goes on', async ({ send, fault }) => {
    const caller = await connect()
    await caller.start()
    send(caller)
    expect(await caller.heard.next('fault')).toMatchObject(fault)
    await goesOn(caller)
    expect(caller.heard.types().filter((type) => type === 'fault')).toHaveLength(1)
  })

  it.each(BEFORE_START)('[CAL13] before the start ($what) hears which, and may start', async ({ send, fault }) => {
    const caller = await connect()
    send(caller)
    expect(await caller.heard.next('fault')).toMatchObject(fault)
    await caller.start()
    await goesOn(caller)
  })
})

it('[CAL14] an utterance of more than 60 s is closed and answered, and the fault names the limit', async ({
  start,
}) => {
  const world = await start({ nodes: [{ stt: { utterances: ['a long story', 'the end'] } }] })
  const caller = await world.caller()
  await caller.ready()
  // Far faster than life.
  caller.speak(61_000)
  expect(await caller.next('fault')).toMatchObject({
    code: 'too_large',
    limit: 'utterance',
    max: MAX_UTTERANCE_MS,
    unit: 'ms',
    turnId: expect.stringMatching(/^trn_/),
  })
  expect(await caller.next('utterance.ended')).toMatchObject({ reason: 'limit' })
  expect(await caller.next('transcript.final')).toMatchObject({ text: 'a long story' })
  caller.silence(600)
  const statuses = [await caller.next('reply.done'), await caller.next('reply.done')].map(({ status }) => status)
  expect(statuses.at(-1)).toBe('complete')
  expect(caller.of('transcript.final').map(({ text }) => text)).toEqual(['a long story', 'the end'])
})
