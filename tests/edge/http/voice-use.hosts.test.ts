// What voices are for: sessions that speak with them, and previews, on a real edge of either host.
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openCallerSocket } from '#edge/cli/caller-socket.ts'
import { readWav } from '#shared/audio/wav.ts'
import { blobHashOf } from '#shared/blob.ts'
import { createChatClient } from '#shared/client/chat-client.ts'
import { systemClock } from '#shared/clock.ts'
import { notFound } from '#shared/fault.ts'
import type { SessionStart } from '#shared/protocol/chat-messages.ts'
import { PIECE_NONCE_BYTES, type SpeechRender } from '#shared/protocol/voice-requests.ts'
import type { ScriptedNode } from '#tests/fakes/scripted-node.ts'
import { useVoices, type Bytes } from './voice-world.ts'
import { faultIn } from './test-edge.ts'

describe('sessions with voices', () => {
  const { edge, uploaded, send, untilReady, join, joinPreparing } = useVoices()

  /** What a node is told of the voice, or the fault that the caller gets. */
  async function begin(
    node: ScriptedNode,
    start: { voiceProfileId?: string; personaId?: string },
    by: string,
  ): Promise<unknown> {
    const came = Promise.withResolvers<unknown>()
    const placed = () => [...node.sessions.values()].at(-1)?.about.voiceProfile
    const client = createChatClient({
      url: edge().url.replace('http', 'ws'),
      openSocket: (address, protocols) => openCallerSocket(address, protocols, by),
      clock: systemClock,
      start: start as Omit<SessionStart, 'type'>,
      onMessage: (message) => {
        if (message.type === 'fault') came.resolve(message)
        if (message.type === 'session.ready') came.resolve(placed())
      },
      onAudio: () => {},
      onState: () => {},
    })
    const told = await came.promise
    await client.end()
    return told
  }

  it('[VOI14] a voice that is ready speaks, for its owner and for a persona; another one is refused', async () => {
    const { node } = await joinPreparing()
    const talker = (await edge().newKey(['talk', 'voices'], { rateFactor: 100 })).key
    const id = await uploaded({}, talker)
    await untilReady(id, talker)
    const speaking = {
      id,
      referenceText: 'Heard.',
      preparedSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    }
    expect(await begin(node, { voiceProfileId: id }, talker)).toEqual(speaking)
    expect(await begin(node, {}, talker)).toBeNull()

    const other = (await edge().newKey(['talk'])).key
    expect(await begin(node, { voiceProfileId: id }, other)).toMatchObject({ code: 'not_found', kind: 'voice profile' })
    const admin = (await edge().newKey(['admin'])).key
    const persona = { name: 'Anna', instructions: 'Be kind.', language: 'en', voiceProfileId: id }
    const made = await edge().request('/api/personas', { method: 'POST', key: admin, body: JSON.stringify(persona) })
    const { id: personaId } = (await made.json()) as { id: string }
    expect(await begin(node, { personaId }, other)).toEqual(speaking)
    expect((await send(`/${id}`, 'DELETE', undefined, talker)).status).toBe(204)
    expect(await begin(node, { personaId }, other)).toBeNull()
    const wrong = { ...persona, voiceProfileId: id }
    const unknown = await edge().request('/api/personas', { method: 'POST', key: admin, body: JSON.stringify(wrong) })
    expect(unknown.status).toBe(404)
  })

  it('[VOI14] a voice that is not ready is a conflict', async () => {
    const talker = (await edge().newKey(['talk', 'voices'])).key
    const id = await uploaded({}, talker)
    const { node } = await join({})
    expect(await begin(node, { voiceProfileId: id }, talker)).toMatchObject({ code: 'conflict', kind: 'voice profile' })
  })
})

describe('previews of voices', () => {
  const { edge, key, uploaded, send, untilReady, join, joinPreparing, leave } = useVoices()

  it('[VOI11] speaks piece by piece and leaves no file', async () => {
    const pieces: Bytes[] = []
    const voices: unknown[] = []
    const prepared = await joinPreparing()
    const id = await uploaded()
    await untilReady(id)
    await leave()
    const node = await join({
      'speech.render': async ({ text, voice }: SpeechRender) => {
        voices.push(voice)
        const [, ...rest] = text.split(' ')
        const piece = new Uint8Array(randomBytes(PIECE_NONCE_BYTES + 2 * 2_400))
        pieces.push(piece)
        return { sha256: await node.put(piece), engine: 'f5@1', sampleRate: 24_000, rest: rest.join(' ') }
      },
    })
    const answer = await send(`/${id}/preview`, 'POST', { text: 'One two three.' })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'audio/wav'])
    const { samples, sampleRate } = readWav(new Uint8Array(await answer.arrayBuffer()))
    expect(sampleRate).toBe(24_000)
    const spoken = Buffer.concat(pieces.map((piece) => piece.subarray(PIECE_NONCE_BYTES)))
    expect(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)).toEqual(spoken)
    expect(pieces).toHaveLength(3)
    expect(voices[0]).toMatchObject({ id, referenceText: 'Heard.' })
    for (const piece of pieces) expect(await prepared.has(await blobHashOf(piece))).toBe(false)
  })

  it('[VOI11] a caller who hangs up ends the speaking, and no piece is left', async () => {
    const pieces: string[] = []
    const prepared = await joinPreparing()
    const id = await uploaded()
    await untilReady(id)
    await leave()
    const second = Promise.withResolvers<void>()
    const node = await join({
      'speech.render': async ({ text }: SpeechRender) => {
        const [, ...rest] = text.split(' ')
        if (pieces.length === 1) await second.promise
        const sha256 = await node.put(new Uint8Array(randomBytes(PIECE_NONCE_BYTES + 48_000)))
        pieces.push(sha256)
        return { sha256, engine: 'f5@1', sampleRate: 24_000, rest: rest.join(' ') }
      },
    })
    const hangUp = new AbortController()
    const answer = await fetch(`${edge().url}/api/voice-profiles/${id}/preview`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key()}`, 'content-type': 'application/json' },
      body: JSON.stringify({ text: 'one two three four five six' }),
      signal: hangUp.signal,
    })
    const reader = answer.body?.getReader()
    await reader?.read()
    hangUp.abort()
    second.resolve()
    const left = async () => (await Promise.all(pieces.map((sha256) => prepared.has(sha256)))).filter(Boolean)
    await expect.poll(left, { timeout: 10_000 }).toEqual([])
    expect(pieces.length).toBeLessThan(6)
  })

  it('[VOI11] two that sound the same do not take each other’s sound away, and what is missing is not passed over', async () => {
    await joinPreparing()
    const id = await uploaded()
    await untilReady(id)
    await leave()
    const node = await join({
      'speech.render': async ({ text }: SpeechRender) => {
        const nonce = randomBytes(PIECE_NONCE_BYTES)
        const sha256 = await node.put(new Uint8Array(Buffer.concat([nonce, Buffer.alloc(4_800, text)])))
        return { sha256: text === 'lost' ? 'f'.repeat(64) : sha256, engine: 'f5@1', sampleRate: 24_000, rest: '' }
      },
    })
    const hear = async () => (await send(`/${id}/preview`, 'POST', { text: 'same' })).arrayBuffer()
    const [one, two] = await Promise.all([hear(), hear()])
    expect(one.byteLength).toBeGreaterThan(4_800)
    expect(Buffer.compare(Buffer.from(one), Buffer.from(two))).toBe(0)
    expect((await send(`/${id}/preview`, 'POST', { text: 'lost' })).status).toBe(503)
  })

  it('[VOI16] what is spoken counts, and without quota nothing is', async () => {
    const talker = await edge().newKey(['voices', 'talk'], { audioMsPerDay: 1_000 })
    await joinPreparing()
    const id = await uploaded({}, talker.key)
    await untilReady(id, talker.key)
    await leave()
    const node = await join({
      'speech.render': async () => {
        const sha256 = await node.put(new Uint8Array(randomBytes(PIECE_NONCE_BYTES + 2 * 24_000)))
        return { sha256, engine: 'f5@1', sampleRate: 24_000, rest: '' }
      },
    })
    const hear = async () => send(`/${id}/preview`, 'POST', { text: 'Hello.' }, talker.key)
    await (await hear()).arrayBuffer()
    const usage = await edge().request('/api/usage', { key: talker.key })
    expect(await usage.json()).toMatchObject({ days: [{ turns: 0, outputAudioMs: 1_000 }] })
    const refused = await hear()
    expect([refused.status, await faultIn(refused)]).toMatchObject([429, { code: 'quota_exhausted', quota: 'audioMs' }])
  })

  it('[VOI11] needs a voice that is ready, and somebody to speak', async () => {
    const id = await uploaded()
    const early = await send(`/${id}/preview`, 'POST', { text: 'Hello.' })
    expect(await faultIn(early)).toMatchObject({ code: 'conflict', kind: 'voice profile', id })
    expect((await send(`/${id}/preview`, 'POST', { text: 'x'.repeat(301) })).status).toBe(413)
    await joinPreparing()
    await untilReady(id)
    await leave()
    expect((await send(`/${id}/preview`, 'POST', { text: 'Hello.' })).status).toBe(503)
  })

  it('[VOI17] where no engine clones this is said for good, without a time to come back', async () => {
    await joinPreparing()
    const id = await uploaded()
    await untilReady(id)
    await leave()
    await join({ 'speech.render': () => notFound('engine', 'cloning') })
    const answer = await send(`/${id}/preview`, 'POST', { text: 'Hello.' })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([404, null])
    expect(await faultIn(answer)).toMatchObject({ code: 'not_found', kind: 'engine', id: 'cloning' })
    const node = await join({
      'speech.render': async () => {
        const sha256 = await node.put(new Uint8Array(randomBytes(PIECE_NONCE_BYTES + 4_800)))
        return { sha256, engine: 'f5@1', sampleRate: 24_000, rest: '' }
      },
    })
    expect((await send(`/${id}/preview`, 'POST', { text: 'Hello.' })).status).toBe(200)
  })
})
