// What voices are for: sessions that speak with them, and previews, on a real edge of either host.
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { openCallerSocket } from '#edge/cli/caller-socket.ts'
import { readWav } from '#shared/audio/wav.ts'
import { blobHashOf } from '#shared/blob.ts'
import { createChatClient } from '#shared/client/chat-client.ts'
import { systemClock } from '#shared/clock.ts'
import type { SessionStart } from '#shared/protocol/chat-messages.ts'
import type { SpeechRender } from '#shared/protocol/voice-requests.ts'
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
  const { uploaded, send, untilReady, join, joinPreparing, leave } = useVoices()

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
        const [first = '', ...rest] = text.split(' ')
        const pcm = new Uint8Array(randomBytes(2 * 100))
        pieces.push(pcm)
        return { sha256: first === '-' ? null : await node.put(pcm), sampleRate: 24_000, rest: rest.join(' ') }
      },
    })
    const answer = await send(`/${id}/preview`, 'POST', { text: 'One two three.' })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'audio/wav'])
    const { samples, sampleRate } = readWav(new Uint8Array(await answer.arrayBuffer()))
    expect(sampleRate).toBe(24_000)
    expect(Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)).toEqual(Buffer.concat(pieces))
    expect(pieces).toHaveLength(3)
    expect(voices[0]).toMatchObject({ id, referenceText: 'Heard.' })
    for (const piece of pieces) expect(await prepared.has(await blobHashOf(piece))).toBe(false)
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
})
