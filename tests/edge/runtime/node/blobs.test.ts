// The port Blobs as a folder, held to the contract that tests/edge/runtime/workers/blobs.test.ts holds R2 to; and what only a folder has:
// modes, temporary files, a process that ends half way.
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { createBlobs } from '#edge/runtime/node/blobs.ts'
import { blobHashOf, MAX_BLOB_BYTES } from '#shared/blob.ts'
import { blobsContract, contentOf, fresh, inParts } from '#tests/edge/runtime/blobs.contract.ts'

const folder = join(mkdtempSync(join(tmpdir(), 'parley-blobs-')), 'blobs')
const incoming = join(folder, 'incoming')
const blobs = createBlobs(folder)
afterAll(() => rmSync(join(folder, '..'), { recursive: true }))

blobsContract('a folder', () => blobs)

describe('a folder of blobs', () => {
  const modeOf = (path: string): number => statSync(path).mode & 0o777

  it('[BLB7] only their owner can read files and folders, whatever the mask of the process allows', async () => {
    const mask = process.umask(0)
    try {
      const bytes = fresh(10)
      const hash = await blobHashOf(bytes)
      await blobs.put(hash, inParts(bytes).body)
      expect(modeOf(join(folder, hash))).toBe(0o600)
      expect([modeOf(folder), modeOf(incoming)]).toEqual([0o700, 0o700])
    } finally {
      process.umask(mask)
    }
  })

  it('[BLB2] nothing of a refused or broken body stays on the disk', async () => {
    const bytes = fresh(10)
    const hash = await blobHashOf(bytes)
    await expect(blobs.put(hash, inParts(fresh(10)).body)).rejects.toThrow()
    await expect(blobs.put(hash, inParts(new Uint8Array(MAX_BLOB_BYTES + 1)).body)).rejects.toThrow()
    let parts = 0
    const breaking = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        if (parts++ === 0) controller.enqueue(bytes)
        else controller.error(new Error('aborted'))
      },
    })
    await expect(blobs.put(hash, breaking)).rejects.toThrow('aborted')
    expect(readdirSync(incoming)).toEqual([])
    expect(readdirSync(folder)).not.toContain(hash)
  })

  it('[BLB3] a body is read to the limit and no further', async () => {
    const { body, taken } = inParts(new Uint8Array(3 * MAX_BLOB_BYTES), 1024 * 1024)
    await expect(blobs.put(await blobHashOf(fresh(1)), body)).rejects.toMatchObject({ fault: { code: 'too_large' } })
    expect(taken()).toBeLessThanOrEqual(MAX_BLOB_BYTES + 2 * 1024 * 1024)
  })

  it('[BLB8] sweeping takes what a put left that never ended, and nothing that is younger', async () => {
    const [old, young] = [join(incoming, 'old'), join(incoming, 'young')]
    writeFileSync(old, 'a part')
    writeFileSync(young, 'a part')
    utimesSync(old, 1_000, 1_000)
    expect(await blobs.sweep(2_000_000)).toBe(1)
    expect(readdirSync(incoming)).toEqual(['young'])
    rmSync(young)
  })

  it('[BLB4] a reader that stops half way leaves no file open', async () => {
    const bytes = fresh(1_000_000)
    const hash = await blobHashOf(bytes)
    await blobs.put(hash, inParts(bytes).body)
    const open = () => readdirSync('/proc/self/fd').length
    const before = open()
    for (let at = 0; at < 20; at += 1) await (await blobs.get(hash))?.cancel()
    await expect.poll(open, { interval: 10 }).toBeLessThanOrEqual(before)
    expect(await contentOf(await blobs.get(hash, { offset: 5, length: 2 }))).toEqual(bytes.slice(5, 7))
  })
})
