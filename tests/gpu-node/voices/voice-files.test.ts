// The node's cache of references and its way to the edge's files, on a real disk and a real edge.
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { blobHashOf, type BlobHash } from '#shared/blob.ts'
import { FaultError } from '#shared/fault.ts'
import { createBlobClient } from '#gpu-node/blob-client.ts'
import { VoiceFiles } from '#gpu-node/voices/voice-files.ts'
import { startTestEdge, type TestEdge } from '#tests/edge/http/test-edge.ts'

type Bytes = Uint8Array<ArrayBuffer>
const bytesOf = (fill: number, length = 1_000): Bytes => new Uint8Array(length).fill(fill)
const code = (error: unknown): string => (error instanceof FaultError ? error.fault.code : String(error))

describe('files of voices', () => {
  let folder: string
  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'parley-voices-')), 'voices')
  })
  afterEach(() => rmSync(join(folder, '..'), { recursive: true, force: true }))

  /** What the edge has, and how often it was asked. */
  function edgeOf(...files: Bytes[]) {
    const asked: BlobHash[] = []
    const get = async (hash: BlobHash): Promise<Bytes> => {
      asked.push(hash)
      for (const file of files) if ((await blobHashOf(file)) === hash) return file
      throw new FaultError({ code: 'not_found', kind: 'blob', id: hash })
    }
    return { asked, blobs: { get, put: blobHashOf } }
  }

  it('[VPR11] an upload that a killed node left behind is gone when it starts, and a new one stays', async () => {
    const { blobs } = edgeOf()
    const files = new VoiceFiles({ folder, blobs })
    await files.withFile(bytesOf(1), async (path) => {
      await files.sweep(Date.now() - 60_000)
      expect(existsSync(path)).toBe(true)
      await files.sweep(Date.now() + 60_000)
      expect(existsSync(path)).toBe(false)
    })
  })

  it('[VPR11] a file is fetched once, and nobody else may read it', async () => {
    const { asked, blobs } = edgeOf(bytesOf(1))
    const files = new VoiceFiles({ folder, blobs })
    const hash = await blobHashOf(bytesOf(1))
    expect(await files.get(hash)).toEqual(bytesOf(1))
    expect(await files.get(hash)).toEqual(bytesOf(1))
    expect(asked).toHaveLength(1)
    expect(statSync(folder).mode & 0o777).toBe(0o700)
    expect(statSync(join(folder, hash)).mode & 0o777).toBe(0o600)
    await files.forget(hash)
    expect(readdirSync(folder)).toEqual([])
  })

  it('[VPR11] a damaged file is fetched anew', async () => {
    const { asked, blobs } = edgeOf(bytesOf(1))
    const files = new VoiceFiles({ folder, blobs })
    const hash = await blobHashOf(bytesOf(1))
    await files.get(hash)
    writeFileSync(join(folder, hash), 'damaged')
    expect(await files.get(hash)).toEqual(bytesOf(1))
    expect(asked).toHaveLength(2)
  })

  it('[VPR11] what was used longest ago goes when there is too much', async () => {
    const all = [bytesOf(1), bytesOf(2), bytesOf(3)]
    const { blobs } = edgeOf(...all)
    const files = new VoiceFiles({ folder, blobs, maxBytes: 2_500 })
    const hashes = await Promise.all(all.map(blobHashOf))
    for (const hash of hashes) await files.get(hash)
    expect(readdirSync(folder).toSorted()).toEqual(hashes.slice(1).toSorted())
  })

  it('[VPR11] a file that a program reads is gone afterwards, also when the program fails', async () => {
    const files = new VoiceFiles({ folder, blobs: edgeOf().blobs })
    const mode = await files.withFile(bytesOf(1), async (path) => statSync(path).mode & 0o777)
    expect(mode).toBe(0o600)
    await expect(files.withFile(bytesOf(1), () => Promise.reject(new Error('broken')))).rejects.toThrow('broken')
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('blob client', () => {
  let edge: TestEdge
  let token: string
  beforeAll(async () => {
    edge = await startTestEdge()
    token = (await edge.store.nodes.addNode({ name: 'files', now: Date.now() })).token
  })
  afterAll(() => edge.close())
  const client = (by = token, edgeUrl = edge.url.replace('http', 'ws')) => createBlobClient({ edgeUrl, token: by })

  it('[VPR14] brings a file and fetches it', async () => {
    const hash = await client().put(bytesOf(7))
    expect(await client().get(hash)).toEqual(bytesOf(7))
  })

  it('[VPR14] names what is wrong', async () => {
    const hash = await blobHashOf(bytesOf(8))
    await expect(client().get(hash).catch(code)).resolves.toBe('not_found')
    await expect(client('a-token-of-nobody').put(bytesOf(8)).catch(code)).resolves.toBe('unavailable')
    await expect(client(token, 'ws://127.0.0.1:9').get(hash).catch(code)).resolves.toBe('unavailable')
    await expect(
      client()
        .put(bytesOf(8, 11 * 1024 * 1024))
        .catch(code),
    ).resolves.toBe('too_large')
    const stopped = client().get(hash, AbortSignal.abort('shutdown')).catch(code)
    await expect(stopped).resolves.toBe('unavailable')
  })
})
