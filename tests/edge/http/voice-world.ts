// Voices on a real edge of either host: uploads, a scripted node that prepares them, and what is asked of both. Used by voice-*.test.ts.
import { randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { writeWav } from '#shared/audio/wav.ts'
import { blobHashOf } from '#shared/blob.ts'
import type { VoiceProfile } from '#shared/model/voice-profile.ts'
import type { VoicePrepare } from '#shared/protocol/voice-requests.ts'
import { QUALITY } from '#tests/edge/store/voices.contract.ts'
import { ScriptedNode } from '#tests/fakes/scripted-node.ts'
import { startTestEdge, type TestEdge } from './test-edge.ts'

export type Bytes = Uint8Array<ArrayBuffer>
export type Path = '/api/voice-profiles' | '/api/voice-profile'

export const FIELDS = { name: 'Anna', language: 'en', consent: 'I, Anna, agree.' }

/** A recording that is like no other. */
export function recording(): Bytes {
  const wav = writeWav(new Int16Array(1_000), 24_000)
  wav.set(randomBytes(64), wav.byteLength - 64)
  return wav
}

export function form(file: Bytes | undefined, fields: Record<string, string> = {}): FormData {
  const body = new FormData()
  for (const [field, value] of Object.entries({ ...FIELDS, ...fields })) if (value !== '') body.set(field, value)
  if (file) body.set('file', new File([file], '../anna.wav', { type: 'text/html' }))
  return body
}

/** One edge for all tests of a file; its nodes leave after each. */
export function useVoices() {
  let edge: TestEdge
  let key: string
  const nodes: ScriptedNode[] = []
  beforeAll(async () => {
    edge = await startTestEdge()
    key = (await edge.newKey(['voices'], { rateFactor: 1_000 })).key
  })
  afterAll(() => edge.close())
  afterEach(() => leave())

  const nodeCount = async () => ((await (await edge.request('/health')).json()) as { nodes: number }).nodes
  async function leave(): Promise<void> {
    for (const node of nodes.splice(0)) node.die()
    await expect.poll(nodeCount, { timeout: 15_000 }).toBe(0)
  }
  const upload = (body: FormData, by = key, path: Path = '/api/voice-profiles') =>
    edge.request(path, { method: 'POST', key: by, body })
  async function uploaded(fields: Record<string, string> = {}, by = key, file = recording()): Promise<string> {
    const answer = await upload(form(file, fields), by)
    expect(answer.status).toBe(201)
    return ((await answer.json()) as { id: string }).id
  }
  const get = (path: string, by = key, headers = {}) => edge.request(`/api/voice-profiles${path}`, { key: by, headers })
  const read = async (id: string, query = '', by = key) =>
    (await (await get(`/${id}${query}`, by)).json()) as VoiceProfile
  const send = (path: string, method: string, body?: unknown, by = key) =>
    edge.request(`/api/voice-profiles${path}`, {
      method,
      key: by,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
  const untilReady = async (id: string, by = key) =>
    expect(await read(id, '?waitMs=10000', by)).toMatchObject({ state: 'ready' })

  async function join(answers: Record<string, (params: never) => unknown>) {
    const { token } = await edge.store.nodes.addNode({ name: 'voices', now: Date.now() })
    const edgeUrl = edge.url.replace('http', 'ws')
    // Each answer is given the params of its own method.
    const typed = answers as Record<string, (params: unknown) => unknown>
    const node = await new ScriptedNode({ edgeUrl, token, answers: typed }).join()
    nodes.push(node)
    const authorization = `Bearer ${token}`
    const put = async (bytes: Bytes) => {
      const sha256 = await blobHashOf(bytes)
      const init = { method: 'PUT', body: bytes, headers: { authorization } }
      expect((await fetch(`${edge.url}/node/blobs/${sha256}`, init)).ok).toBe(true)
      return sha256
    }
    const has = async (sha256: string) =>
      (await fetch(`${edge.url}/node/blobs/${sha256}`, { method: 'HEAD', headers: { authorization } })).ok
    return { node, put, has }
  }
  /** A node that finds every recording good. */
  async function joinPreparing() {
    const asked: VoicePrepare[] = []
    const joined = await join({
      'voice.prepare': async (params: VoicePrepare) => {
        asked.push(params)
        const preparedSha256 = await joined.put(recording())
        return { outcome: 'ready', preparedSha256, referenceText: params.referenceText ?? 'Heard.', quality: QUALITY }
      },
      'voice.forget': () => ({}),
    })
    return { ...joined, asked }
  }
  return {
    edge: () => edge,
    key: () => key,
    upload,
    uploaded,
    get,
    read,
    send,
    untilReady,
    join,
    joinPreparing,
    leave,
  }
}
