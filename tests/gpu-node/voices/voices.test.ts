// A voice from its upload to a reply: a real edge, a real node with the embedded ears, and a voice that clones in name, so that what it
// was given can be looked at.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCallerSocket } from '#edge/cli/caller-socket.ts'
import { concatPcm, pcmToFloat } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { readWav, writeWav } from '#shared/audio/wav.ts'
import { createChatClient } from '#shared/client/chat-client.ts'
import type { ChatClient } from '#shared/client/client-options.ts'
import { systemClock } from '#shared/clock.ts'
import { FaultError } from '#shared/fault.ts'
import { silentLog } from '#shared/log.ts'
import type { VoiceProfile } from '#shared/model/voice-profile.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import { chooseEngines } from '#gpu-node/engines/choose-engines.ts'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import type { Engines, TtsOptions } from '#gpu-node/engines/ports.ts'
import { startNode, type RunningNode } from '#gpu-node/start-node.ts'
import { createTurnRunner } from '#gpu-node/turn/turn-runner.ts'
import { loudnessLufs } from '#gpu-node/voices/loudness.ts'
import { Voices } from '#gpu-node/voices/voices.ts'
import { cloningTts } from '#tests/fakes/cloning-tts.ts'
import { say } from '#tests/gpu-node/engines/embedded/spoken.ts'
import { startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'

const WORDS = 'what is your name my name is anna tell me a story about the sea please'

describe('voices on a node', () => {
  let edge: TestEdge
  let node: RunningNode
  let key: string
  let speech: Int16Array
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-voices-'))
  const spoken: TtsOptions[] = []
  const stops: Array<() => Promise<unknown>> = []

  beforeAll(async () => {
    edge = await startTestEdge()
    stops.push(() => edge.close())
    key = (await edge.newKey(['voices', 'talk'], { rateFactor: 1_000 })).key
    const { token } = await edge.store.nodes.addNode({ name: 'voices', now: Date.now() })
    const settings = { EDGE_URL: edge.url, NODE_TOKEN: token, DATA_DIR: dataDir, SLOTS: '3' }
    node = await startNode(readNodeConfig(settings), {
      log: silentLog,
      createTurns: createTurnRunner,
      chooseEngines: async (...given) => {
        const chosen = await chooseEngines(...given)
        return {
          ...chosen,
          engines: { ...chosen.engines, tts: cloningTts(chosen.engines.tts, (request) => spoken.push(request)) },
        }
      },
    })
    stops.push(() => node.close(AbortSignal.abort('shutdown')))
    const flite = await createFliteTts({ log: silentLog })
    speech = resamplePcm(await say(flite, WORDS, 'slt'), flite.sampleRate, 44_100)
    await flite.close()
    await node.ready
  })
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop()
    rmSync(dataDir, { recursive: true, force: true })
  })

  async function upload(pcm: Int16Array, fields: Record<string, string> = {}): Promise<VoiceProfile> {
    const body = new FormData()
    const all = { name: 'Anna', language: 'en', consent: 'I, Anna, agree.', ...fields }
    for (const [field, value] of Object.entries(all)) body.set(field, value)
    body.set('file', new File([writeWav(pcm, 44_100)], 'anna.wav'))
    const made = await edge.request('/api/voice-profiles', { method: 'POST', key, body })
    const { id } = (await made.json()) as { id: string }
    return (await (await edge.request(`/api/voice-profiles/${id}?waitMs=30000`, { key })).json()) as VoiceProfile
  }
  const silence = (ms: number): Int16Array => new Int16Array((44_100 * ms) / 1000)

  it('[VPR9] a recording becomes a reference of 3 to 12 s at one loudness, and its words are written down', async () => {
    const profile = await upload(concatPcm([silence(1_500), speech, silence(1_500)]))
    expect(profile).toMatchObject({ state: 'ready', reason: null })
    expect(profile.referenceText).toContain('name')
    const prepared = await edge.request(`/api/voice-profiles/${profile.id}/audio?part=prepared`, { key })
    const { samples, sampleRate, channels } = readWav(new Uint8Array(await prepared.arrayBuffer()))
    expect([sampleRate, channels]).toEqual([24_000, 1])
    expect(samples.length / sampleRate).toBeGreaterThan(3)
    expect(samples.length / sampleRate).toBeLessThanOrEqual(12)
    expect(loudnessLufs(pcmToFloat(samples), sampleRate)).toBeCloseTo(-20, 0)
    expect(profile.quality?.speechMs).toBeGreaterThan(2_000)
  })

  it('[VPR9] given words are kept, but not where some of the speech was left out', async () => {
    const given = await upload(concatPcm([silence(500), speech, silence(500)]), { referenceText: 'As it was meant.' })
    expect(given).toMatchObject({ state: 'ready', referenceText: 'As it was meant.' })
    const long = concatPcm([speech, silence(5_000), speech])
    const cut = await upload(long, { referenceText: 'All of it.' })
    expect(cut).toMatchObject({ state: 'ready' })
    expect(cut.referenceText).not.toBe('All of it.')
  })

  it('[VPR9] silence is rejected, and no voice', async () => {
    expect(await upload(silence(5_000))).toMatchObject({ state: 'rejected', reason: 'noSpeech' })
  })

  it('[VPR10] a session speaks with the reference from its first reply on', async () => {
    const profile = await upload(concatPcm([silence(300), speech, silence(900)]))
    spoken.length = 0
    const heard = await converse({ voiceProfileId: profile.id })
    expect(heard.some(({ type }) => type === 'session.notice')).toBe(false)
    const { reference } = spoken[0] ?? {}
    expect(reference).toMatchObject({ text: profile.referenceText, sampleRate: 24_000 })
    expect((reference?.pcm.length ?? 0) / 24_000).toBeGreaterThan(3)
  })

  it('[VPR10] a caller is told where the file of his voice is missing', async () => {
    const profile = await upload(concatPcm([silence(400), speech, silence(800)]))
    const prepared = await edge.request(`/api/voice-profiles/${profile.id}/audio?part=prepared`, { key })
    const hash = prepared.headers.get('etag')?.replaceAll('"', '') ?? ''
    await prepared.body?.cancel()
    const file = readdirSync(edge.dataDir, { recursive: true, encoding: 'utf8' }).find((path) => path.endsWith(hash))
    rmSync(join(edge.dataDir, file ?? 'missing'))
    spoken.length = 0
    const heard = await converse({ voiceProfileId: profile.id })
    expect(heard).toContainEqual(expect.objectContaining({ notice: 'voiceUnavailable', detail: 'profile' }))
    expect(spoken[0]?.reference).toBeUndefined()
  })

  it('[VPR9] a preview is spoken with the reference', async () => {
    const profile = await upload(concatPcm([silence(600), speech, silence(600)]))
    spoken.length = 0
    const text = 'Good evening, everybody. It is 5 o’clock, and all is well!'
    const init = { method: 'POST', key, body: JSON.stringify({ text }) }
    const answer = await edge.request(`/api/voice-profiles/${profile.id}/preview`, init)
    const { samples, sampleRate } = readWav(new Uint8Array(await answer.arrayBuffer()))
    expect(samples.length / sampleRate).toBeGreaterThan(1.5)
    expect(spoken.length).toBeGreaterThan(1)
    for (const { reference } of spoken) expect(reference?.text).toBe(profile.referenceText)
    expect(spoken.map((one) => one.text).join(' ')).toContain('five')
  })

  /** All that the caller hears until the reply is done. */
  async function converse(start: { voiceProfileId: VoiceProfile['id'] }): Promise<ChatDown[]> {
    const heard: ChatDown[] = []
    const done = Promise.withResolvers<void>()
    const client: ChatClient = createChatClient({
      url: edge.url.replace('http', 'ws'),
      openSocket: (address, protocols) => openCallerSocket(address, protocols, key),
      clock: systemClock,
      start,
      onMessage: (message) => {
        heard.push(message)
        if (message.type === 'session.ready') client.send({ type: 'text.send', text: 'What is your name?' })
        if (message.type === 'reply.done') done.resolve()
        if (message.type === 'fault') done.reject(new Error(message.code))
      },
      onAudio: () => {},
      onState: () => {},
    })
    await done.promise
    await client.end()
    return heard
  }

  it('[VPR13] too much at once is unavailable, and wrong params are named', async () => {
    const never = new Promise<never>(() => {})
    const blobs = { get: () => never, put: () => never }
    const engines = {} as Engines
    const files = undefined as never
    const voices = new Voices({
      engines,
      blobs,
      files,
      clock: systemClock,
      log: silentLog,
      ffmpeg: undefined,
      forgetSpeech: async () => {},
    })
    const request = { profileId: 'voi_one', sha256: 'a'.repeat(64), language: 'en', referenceText: null }
    const { signal } = new AbortController()
    for (let i = 0; i < 4; i++) void voices.methods['voice.prepare'](request, signal)
    const refused = voices.methods['voice.prepare'](request, signal)
    await expect(refused).rejects.toMatchObject(
      new FaultError({ code: 'unavailable', what: 'voices', retryAfterMs: 5_000 }),
    )
    expect(() => voices.methods['voice.prepare']({ ...request, sha256: '../x' }, signal)).toThrow(FaultError)
    expect(() => voices.methods['speech.render']({ text: 'x'.repeat(301) }, signal)).toThrow(FaultError)
  })
})
