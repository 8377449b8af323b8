// What a node tells of its engines, and how it answers the edge.
import { describe, expect, it } from 'vitest'
import type { EngineMember } from '#gpu-node/engines/choose-engines.ts'
import { EngineReports } from '#gpu-node/engines/engine-reports.ts'
import { requestMethods } from '#gpu-node/tunnel/request-methods.ts'
import { NO_TIMINGS } from '#shared/model/turn.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'

const LOAD = { waitingRequests: 1, kvCacheFraction: 0.5, sttQueueMs: null, ttsQueueMs: 40 }
const info = { role: 'tts', name: 'f5', version: '1', demonstration: false } as const
const F5: EngineMember = { info, id: 'f5', kind: 'managed', state: () => 'backoff' }
const FLITE: EngineMember = { info: { ...info, name: 'flite' }, id: 'embedded', kind: 'embedded', state: () => 'ready' }

describe('reports of engines', () => {
  it('[MOD4] an engine’s state, memory, queue, latencies of its last turns and stand-ins are told; the unknown is null', async () => {
    const runner = { reason: () => 'waits for memory', vramBytes: async () => 2_000 }
    const reports = new EngineReports({ members: [F5, FLITE], load: () => LOAD, runner })
    for (let ms = 1; ms <= 300; ms += 1)
      reports.note(turnRecord({ engines: { tts: 'f5@1' }, timings: { ...NO_TIMINGS, ttsFirstAudioMs: ms } }))
    const fallback = { role: 'tts', asked: 'f5@1', used: 'flite@1', reason: 'queueWait' } as const
    reports.note(turnRecord({ engines: {}, fallbacks: [fallback] }))
    expect(await reports.report()).toEqual([
      {
        ...info,
        id: 'f5',
        kind: 'managed',
        state: 'backoff',
        reason: 'waits for memory',
        device: null,
        vramBytes: 2_000,
        queueMs: 40,
        latencyMs: { p50: 200, p95: 290, turns: 200 },
        fallbacks: { queueWait: 1 },
      },
      {
        ...FLITE.info,
        id: 'embedded',
        kind: 'embedded',
        state: 'ready',
        reason: null,
        device: 'cpu',
        vramBytes: null,
        queueMs: null,
        latencyMs: null,
        fallbacks: {},
      },
    ])
  })

  it('[MOD5] the node loads and unloads what it runs itself, and says what it does not know', async () => {
    const done: string[] = []
    const runner = {
      load: async (name: string) => void done.push(`load ${name}`),
      unload: async (name: string) => void done.push(`unload ${name}`),
    }
    const own = new EngineReports({ members: [F5, FLITE], load: () => LOAD, runner: undefined })
    const reports = () => own.report()
    const methods = requestMethods({ status: () => ({}) as never, reports, runner })
    await methods['models.preload']({ id: 'f5' })
    await methods['models.unload']({ id: 'f5' })
    await methods['models.preload']({ id: 'embedded' })
    expect(done).toEqual(['load f5', 'unload f5'])
    await expect(methods['models.preload']({ id: 'qwen' })).rejects.toMatchObject({ fault: { code: 'not_found' } })
    for (const params of [undefined, {}, { id: '../x' }, { id: 7 }])
      await expect(methods['models.unload'](params)).rejects.toMatchObject({ fault: { code: 'invalid_message' } })
  })
})
