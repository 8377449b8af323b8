// Tasks of voices from their first try to their last, on a real database with a clock of its own and a fleet that answers as told.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { VOICE_PREPARE } from '#edge/planned-tasks.ts'
import { voiceTasks, type VoiceTaskPorts } from '#edge/tasks/voice-tasks.ts'
import type { Fleet, NodeView } from '#edge/rooms-ports.ts'
import type { StoredVoice } from '#edge/store/voice-rows.ts'
import { createBlobs } from '#edge/runtime/node/blobs.ts'
import { openDatabase, type OpenDatabase } from '#edge/runtime/node/database.ts'
import { createStore } from '#edge/store/store.ts'
import type { BlobHash } from '#shared/blob.ts'
import { FaultError } from '#shared/fault.ts'
import type { VoiceProfileId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import { TaskRunner } from '#shared/tasks/task-runner.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

/** Longer than any pause, any hold and any attempt. */
const LONG_MS = 15 * 60_000
const { attempts: ATTEMPTS } = VOICE_PREPARE

const NODE: NodeView = {
  nodeId: 'nod_1',
  name: 'home',
  version: '1',
  connectedAt: 0,
  draining: false,
  slots: 1,
  freeSlots: 1,
  sessions: [],
  engines: [],
  vram: null,
}

describe('tasks of voices', () => {
  let folder: string
  let database: OpenDatabase
  let store: ReturnType<typeof createStore>
  let id: VoiceProfileId
  const clock = createVirtualClock()
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-voice-tasks-'))
    database = await openDatabase({ url: pathToFileURL(join(folder, 'edge.db')).href })
    await database.migrate()
    store = createStore(database.db)
    const { keyId } = await store.keys.createKey({ name: 'test', scopes: ['voices'], now: clock.now() })
    const userId = (await store.keys.callerById(keyId, clock.now()))?.userId ?? 'usr_none'
    const facts = {
      name: 'Anna',
      language: 'en',
      referenceText: null,
      consent: 'Yes.',
      mediaType: 'audio/wav',
    } as const
    const sha256 = '1'.padStart(64, '0') as BlobHash
    const added = await store.voices.addVoice({ ...facts, userId, sha256, bytes: 2_000 }, clock.now())
    if (added.outcome === 'tooMany') throw new Error('no room')
    id = added.id
  })
  afterEach(async () => {
    await database.close()
    rmSync(folder, { recursive: true })
  })

  const portsWith = (request: Fleet['request'], fleet: NodeView[] = [NODE]): VoiceTaskPorts => {
    const nodes = (): Promise<NodeView[]> => Promise.resolve(fleet)
    return { clock, log: silentLog, store, blobs: createBlobs(join(folder, 'blobs')), fleet: { nodes, request } }
  }
  const runnerOf = (ports: VoiceTaskPorts): TaskRunner =>
    new TaskRunner({ ...ports, ...voiceTasks(ports), table: store.tasks, setAlarm: () => {}, random: () => 0 })
  /** One look: whoever waits is begun, and what ends at once has ended. */
  const prepareVoices = async (ports: VoiceTaskPorts): Promise<void> => {
    const runner = runnerOf(ports)
    runner.wake()
    await runner.quiet()
  }
  const voice = async (): Promise<Partial<StoredVoice> | undefined> => store.voices.voice('everybody', id)

  it('[VOI8] what stays transient is tried five times, and then the profile is rejected as failed', async () => {
    let asked = 0
    const ports = portsWith(() => {
      asked++
      return Promise.reject(new FaultError({ code: 'unavailable', what: 'stt', retryAfterMs: 1 }))
    })
    for (let run = 1; run <= ATTEMPTS; run++) {
      expect(await voice()).toMatchObject({ state: run === 1 ? 'uploaded' : 'checking', reason: null })
      await prepareVoices(ports)
      expect(asked).toBe(run)
      await clock.advance(LONG_MS)
    }
    expect(await voice()).toMatchObject({ state: 'rejected', reason: 'failed' })
    await prepareVoices(ports)
    expect(asked).toBe(ATTEMPTS)
  })

  it('[VOI8] where each edge dies of it the profile is rejected, too, and no node is asked again', async () => {
    let asked = 0
    const dying = portsWith(() => {
      asked++
      return new Promise(() => undefined)
    })
    for (let run = 0; run < ATTEMPTS; run++) {
      runnerOf(dying).wake()
      await expect.poll(() => asked).toBe(run + 1)
      await clock.advance(LONG_MS)
    }
    await prepareVoices(dying)
    expect(asked).toBe(ATTEMPTS)
    expect(await voice()).toMatchObject({ state: 'rejected', reason: 'failed' })
  })

  it('[VPR2] where a node has no decoder for it the next one is asked; where none has, that is the reason', async () => {
    const second: NodeView = { ...NODE, nodeId: 'nod_2', freeSlots: 0 }
    const leaving: NodeView = { ...NODE, nodeId: 'nod_3', draining: true }
    const asked: string[] = []
    const noDecoder = { outcome: 'rejected', reason: 'noDecoder' }
    const ports = portsWith(
      ({ nodeId }) => {
        asked.push(nodeId)
        return Promise.resolve(noDecoder)
      },
      [second, leaving, NODE],
    )
    await prepareVoices(ports)
    expect(asked).toEqual(['nod_1', 'nod_2'])
    expect(await voice()).toMatchObject({ state: 'rejected', reason: 'noDecoder' })
  })

  it('[VPR2] what a node says of the recording itself is not asked of another one', async () => {
    const asked: string[] = []
    const answers = ['noDecoder', 'tooShort'].map((reason) => ({ outcome: 'rejected', reason }))
    const ports = portsWith(
      ({ nodeId }) => {
        asked.push(nodeId)
        return Promise.resolve(answers[asked.length - 1])
      },
      [NODE, { ...NODE, nodeId: 'nod_2', freeSlots: 0 }, { ...NODE, nodeId: 'nod_3', freeSlots: 0 }],
    )
    await prepareVoices(ports)
    expect(asked).toEqual(['nod_1', 'nod_2'])
    expect(await voice()).toMatchObject({ state: 'rejected', reason: 'tooShort' })
  })
})
