// A call whose sound is kept: a real edge, a real node with the embedded engines, and what its caller said and heard, read back.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FLACDecoder } from '@wasm-audio-decoders/flac'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openCallerSocket } from '#edge/cli/caller-socket.ts'
import { concatPcm } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { createChatClient } from '#shared/client/chat-client.ts'
import type { ChatClient } from '#shared/client/client-options.ts'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import type { Conversation } from '#shared/model/conversation.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import { chooseEngines } from '#gpu-node/engines/choose-engines.ts'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import { startNode, type RunningNode } from '#gpu-node/start-node.ts'
import { createTurnRunner } from '#gpu-node/turn/turn-runner.ts'
import { say, silence } from '#tests/gpu-node/engines/embedded/spoken.ts'
import { startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'

describe('a call whose sound is kept', () => {
  let edge: TestEdge
  let node: RunningNode
  let speech: Int16Array
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-recorded-'))
  beforeAll(async () => {
    edge = await startTestEdge()
    const { token } = await edge.store.nodes.addNode({ name: 'recorder', now: Date.now() })
    const settings = { EDGE_URL: edge.url, NODE_TOKEN: token, DATA_DIR: dataDir, SLOTS: '2' }
    const parts = { log: silentLog, chooseEngines, createTurns: createTurnRunner }
    node = await startNode(readNodeConfig(settings), parts)
    const flite = await createFliteTts({ log: silentLog })
    speech = resamplePcm(await say(flite, 'What is your name?', 'slt'), flite.sampleRate, 16_000)
    await flite.close()
    await node.ready
  })
  afterAll(async () => {
    await node.close(AbortSignal.abort('shutdown'))
    await edge.close()
    rmSync(dataDir, { recursive: true, force: true })
  })

  /** Says it, hears the answer, and hangs up. */
  async function call(key: string): Promise<{ conversationId: string; heard: Int16Array }> {
    const heard: Int16Array[] = []
    const done = Promise.withResolvers<void>()
    const client: ChatClient = createChatClient({
      url: edge.url.replace('http', 'ws'),
      openSocket: (address, protocols) => openCallerSocket(address, protocols, key),
      clock: systemClock,
      onMessage: (message) => {
        if (message.type === 'session.ready') client.sendAudio(concatPcm([silence(300), speech, silence(1_200)]))
        if (message.type === 'reply.done') done.resolve()
        if (message.type === 'fault') done.reject(new Error(message.code))
      },
      onAudio: (_, pcm) => void heard.push(pcm.slice()),
      onState: () => {},
    })
    await done.promise
    const { conversationId = '' } = client
    await client.end()
    return { conversationId, heard: concatPcm(heard) }
  }

  async function sound(conversationId: string, part: string, key: string): Promise<{ pcm: Int16Array; rate: number }> {
    const answer = await edge.request(`/api/conversations/${conversationId}/turns/1/audio?part=${part}`, { key })
    expect(answer.status).toBe(200)
    const decoder = new FLACDecoder()
    await decoder.ready
    const { channelData, sampleRate } = await decoder.decodeFile(new Uint8Array(await answer.arrayBuffer()))
    decoder.free()
    return { pcm: Int16Array.from(channelData[0] ?? [], (sample) => Math.round(sample * 32_767)), rate: sampleRate }
  }
  const turnsOf = async (id: string, key: string) =>
    ((await (await edge.request(`/api/conversations/${id}`, { key })).json()) as Conversation).turns

  it('[SND6] has what was said and what was sent, to the sample, and leaves nothing on the node', async () => {
    const { key } = await edge.newKey(['talk', 'history:read', 'history:write'], { rateFactor: 1_000 })
    const body = JSON.stringify({ keepAudioDays: 7 })
    expect((await edge.request('/api/me', { method: 'PATCH', key, body })).status).toBe(200)
    const { conversationId, heard } = await call(key)
    await expect.poll(async () => (await turnsOf(conversationId, key))[0]?.audio, { timeout: 10_000 }).toBeDefined()
    const [utterance, reply] = [
      await sound(conversationId, 'utterance', key),
      await sound(conversationId, 'reply', key),
    ]
    expect([utterance.rate, reply.rate]).toEqual([16_000, 24_000])
    expect(reply.pcm).toEqual(heard)
    // From shortly before the speech began to where the utterance was closed.
    const sent = concatPcm([silence(300), speech, silence(1_200)])
    expect(indexIn(sent, utterance.pcm)).toBeGreaterThanOrEqual(0)
    expect(utterance.pcm.length).toBeGreaterThan(speech.length * 0.8)
    await expect.poll(() => readdirSync(join(dataDir, 'recordings')), { timeout: 10_000 }).toEqual([])
  })

  it('[SND2] records nothing where nobody chose so', async () => {
    const { key } = await edge.newKey(['talk', 'history:read'], { rateFactor: 1_000 })
    const { conversationId } = await call(key)
    await expect.poll(async () => (await turnsOf(conversationId, key)).length, { timeout: 10_000 }).toBe(1)
    expect((await turnsOf(conversationId, key))[0]).not.toHaveProperty('audio')
  })
})

/** Where the part begins in the whole; -1 where it is not in it. */
function indexIn(whole: Int16Array, part: Int16Array): number {
  const bytes = (pcm: Int16Array): Buffer => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength)
  return bytes(whole).indexOf(bytes(part))
}
