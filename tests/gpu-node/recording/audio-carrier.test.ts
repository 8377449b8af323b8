// How the sound of a turn comes to the edge, and what becomes of it where it cannot.
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { blobHashOf, type BlobHash } from '#shared/blob.ts'
import { FaultError, type Fault } from '#shared/fault.ts'
import { silentLog } from '#shared/log.ts'
import { AudioCarrier } from '#gpu-node/recording/audio-carrier.ts'
import { RecordingFiles } from '#gpu-node/recording/recording-files.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const UNAVAILABLE: Fault = { code: 'unavailable', what: 'edge', retryAfterMs: 1 }

describe('sound on its way to the edge', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-carrier-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))

  async function world() {
    const clock = createVirtualClock()
    const files = new RecordingFiles(folder)
    const put: BlobHash[] = []
    const edge = { fault: undefined as Fault | undefined }
    const blobs = {
      get: () => Promise.reject(new Error('nothing is fetched')),
      put: async (bytes: Uint8Array<ArrayBuffer>) => {
        if (edge.fault) throw new FaultError(edge.fault)
        const hash = await blobHashOf(bytes)
        put.push(hash)
        return hash
      },
    }
    const hash = await files.keep(new Uint8Array([1, 2, 3]))
    const turn = turnRecord({ endedAt: clock.now(), audio: { utterance: hash } })
    return {
      clock,
      files,
      put,
      edge,
      hash,
      turn,
      carrier: new AudioCarrier({ blobs, files, clock, log: silentLog, isEncoding: () => false }),
    }
  }

  it('[SND6] is brought before the turn, and leaves the node when the edge has the turn', async () => {
    const { put, hash, turn, carrier } = await world()
    expect(statSync(join(folder, hash)).mode & 0o777).toBe(0o600)
    expect(await carrier.bring(turn)).toEqual(turn)
    expect(put).toEqual([hash])
    expect(existsSync(join(folder, hash))).toBe(true)
    await carrier.settled(turn.id)
    expect(existsSync(join(folder, hash))).toBe(false)
  })

  it('[SND7] waits for an edge that is away, for an hour and no longer', async () => {
    const { clock, edge, turn, carrier, hash } = await world()
    edge.fault = UNAVAILABLE
    expect(await carrier.bring(turn)).toBeUndefined()
    await clock.advance(60 * 60_000)
    expect(await carrier.bring(turn)).toBeUndefined()
    await clock.advance(1)
    const bare = await carrier.bring(turn)
    expect(bare).not.toHaveProperty('audio')
    expect(bare).toMatchObject({ id: turn.id })
    await carrier.settled(turn.id)
    expect(existsSync(join(folder, hash))).toBe(false)
  })

  it('[SND7] is left out at once where it is gone or refused for good', async () => {
    const { edge, turn, files, hash, carrier } = await world()
    edge.fault = { code: 'too_large', limit: 'blob', max: 1, got: 2, unit: 'bytes' }
    expect(await carrier.bring(turn)).not.toHaveProperty('audio')
    edge.fault = undefined
    await files.drop(hash)
    expect(await carrier.bring(turn)).not.toHaveProperty('audio')
  })

  it('[SND7] what a killed node left is swept after a week', async () => {
    const { files, hash } = await world()
    await files.sweep(Date.now() + 6 * 24 * 60 * 60_000)
    expect(existsSync(join(folder, hash))).toBe(true)
    await files.sweep(Date.now() + 8 * 24 * 60 * 60_000)
    expect(existsSync(join(folder, hash))).toBe(false)
  })
})
