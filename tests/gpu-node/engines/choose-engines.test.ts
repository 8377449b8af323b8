// Which engines a node gets, and when they count as ready.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { engineId, type EngineRole, type EngineState } from '#shared/model/engine.ts'
import type { Fallback } from '#shared/model/turn.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import { chooseEngines } from '#gpu-node/engines/choose-engines.ts'
import type { Engines } from '#gpu-node/engines/ports.ts'
import { EngineReadiness, type ReadinessOptions } from '#gpu-node/engines/warm-up.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import { quietEngines, TOKEN } from '#tests/gpu-node/node-world.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-engines-'))
afterAll(() => rmSync(folder, { recursive: true }))

const SURROUNDINGS = { log: silentLog, clock: systemClock, isCardFull: () => false, ttsQueueMs: () => null }

function readinessOf(engines: Engines, more: Pick<ReadinessOptions, 'isComing'> = {}) {
  const clock = createVirtualClock()
  const seen = { changes: 0 }
  const options = { clock, log: silentLog, onChange: () => seen.changes++, ...more }
  const readiness = new EngineReadiness(engines, options)
  return { clock, readiness, seen }
}

describe('engines of a node', () => {
  it('[NOD16] a server that is configured takes the place of the embedded engine of its role', async () => {
    const url = 'http://127.0.0.1:9'
    const models = { LLM_MODEL: 'qwen', STT_MODEL: 'whisper', TTS_MODEL: 'f5', TTS_VOICE: 'ada' }
    const config = readNodeConfig({
      NODE_TOKEN: TOKEN,
      DATA_DIR: folder,
      LLM_URL: url,
      STT_URL: url,
      TTS_URL: url,
      ...models,
    })
    const { infos, slots, close } = await chooseEngines(config, SURROUNDINGS)
    expect(infos.map(({ role, name }) => `${role} ${name}`)).toEqual([
      'vad silero',
      'stt whisper',
      'llm qwen',
      'tts f5',
    ])
    expect(slots).toBe(5)
    await close()
  })

  it('[LAD18] chains are built in the order of the plan; what is managed is as its runner says', async () => {
    const server = {
      url: 'http://127.0.0.1:9',
      model: 'far',
      apiKey: undefined,
      dialect: 'openai' as const,
      voice: 'ada',
      mode: undefined,
      languages: ['en'] as const,
      sampleRate: undefined,
      script: undefined,
    }
    const launch = {
      command: [],
      environment: {},
      workingFolder: '.',
      vramReserveBytes: 0,
      startTimeoutMs: 1,
      onDemand: true,
      idleUnloadMs: 1,
    }
    const asked: string[] = []
    const runner = {
      state: () => 'stopped' as const,
      load: async (name: string) => void asked.push(`load ${name}`),
      touch: (name: string) => void asked.push(`touch ${name}`),
      unload: async () => {},
    }
    const { engines, close } = await chooseEngines(
      {
        slots: 1,
        guard: { maxTtsQueueMs: 150 },
        speechCache: { folder: join(folder, 'cache'), maxBytes: 1_000_000 },
        plan: {
          engines: [
            { name: 'vllm', kind: 'attached', server },
            { name: 'qwen', kind: 'managed', server, launch },
          ],
          chains: { llm: ['vllm', 'embedded'], stt: ['vllm'], 'tts.fast': ['embedded'], 'tts.hq': ['qwen'] },
        },
      },
      { ...SURROUNDINGS, runner },
    )
    const told: Fallback[] = []
    const signal = new AbortController().signal
    const messages = [{ role: 'user' as const, content: 'hello' }]
    const request = { messages, language: 'en' as const, maxTokens: 9, signal }
    for await (const _ of engines.llm.complete({ ...request, onFallback: (fallback) => told.push(fallback) }));
    expect(told).toMatchObject([{ role: 'llm', asked: 'far@v1', reason: 'failed' }])
    engines.tts.prepare?.('hq')
    const speech = { text: 'Hi.', language: 'en' as const, mode: 'hq' as const, signal }
    for await (const _ of engines.tts.synthesize({ ...speech, onFallback: (fallback) => told.push(fallback) }));
    expect(told[1]).toMatchObject({
      role: 'tts',
      asked: 'far@v1',
      used: engineId(engines.tts.engine),
      reason: 'notReady',
    })
    expect(asked[0]).toBe('load qwen')
    await close()
  })

  it('[NOD17] an engine is ready once it has answered a real request: the recogniser hears what the voice spoke', async () => {
    const engines = quietEngines()
    const heard: number[] = []
    engines.stt.open = async () => ({
      push: (pcm) => heard.push(pcm.length),
      snapshot: async () => '',
      finish: async () => '',
      close: () => {},
    })
    const { readiness, seen } = readinessOf(engines)
    expect(readiness.areAllReady).toBe(false)
    await readiness.start()
    expect(readiness.areAllReady).toBe(true)
    expect(heard).toEqual([1_600])
    expect(seen.changes).toBe(4)
  })

  it('[NOD18] an engine that does not answer is asked again every 5 s, the others are not, and stop ends it', async () => {
    const engines = quietEngines()
    const { complete } = engines.llm
    let [spoken, asked] = [0, 0]
    const { synthesize } = engines.tts
    engines.tts.synthesize = (options) => {
      spoken++
      return synthesize(options)
    }
    engines.llm.complete = (options) => {
      if (++asked < 3) throw new Error('still loading')
      return complete(options)
    }
    const { clock, readiness } = readinessOf(engines)
    await readiness.start()
    expect([readiness.isReady('tts'), readiness.isReady('llm')]).toEqual([true, false])
    await clock.advance(5_000)
    expect(readiness.isReady('llm')).toBe(false)
    await clock.advance(5_000)
    expect(readiness.areAllReady).toBe(true)
    expect([spoken, asked, clock.pending]).toEqual([1, 3, 0])
    engines.llm.complete = () => {
      throw new Error('gone')
    }
    const stopped = readinessOf(engines)
    await stopped.readiness.start()
    stopped.readiness.stop()
    expect(stopped.clock.pending).toBe(0)
  })

  it('[NOD19] a role waits for its first engine while that is being started, and no longer', async () => {
    const server = {
      url: 'http://127.0.0.1:9',
      model: 'far',
      apiKey: undefined,
      dialect: 'openai',
      voice: 'ada',
    } as const
    const served = { ...server, mode: undefined, languages: ['en'], sampleRate: undefined, script: undefined } as const
    const launch = {
      command: [],
      environment: {},
      workingFolder: '.',
      vramReserveBytes: 0,
      startTimeoutMs: 1,
      idleUnloadMs: 1,
    }
    const states: Record<string, EngineState> = { whisper: 'stopped', f5: 'stopped' }
    const runner = {
      state: (name: string) => states[name] ?? 'ready',
      load: async () => {},
      touch: () => {},
      unload: async () => {},
    }
    const chosen = await chooseEngines(
      {
        slots: 1,
        guard: { maxTtsQueueMs: 150 },
        speechCache: { folder: join(folder, 'cache'), maxBytes: 1_000_000 },
        plan: {
          engines: [
            { name: 'whisper', kind: 'managed', server: served, launch: { ...launch, onDemand: false } },
            { name: 'f5', kind: 'managed', server: served, launch: { ...launch, onDemand: true } },
          ],
          chains: { llm: ['embedded'], stt: ['whisper', 'embedded'], 'tts.fast': ['f5', 'embedded'], 'tts.hq': [] },
        },
      },
      { ...SURROUNDINGS, runner },
    )
    const isComing = chosen.isComing ?? (() => undefined)
    expect((['vad', 'stt', 'llm', 'tts'] as const).map(isComing)).toEqual([false, true, false, false])
    const over = (['starting', 'warming', 'ready', 'degraded', 'backoff', 'failed'] as const).map((state) => {
      states['whisper'] = state
      return isComing('stt')
    })
    expect(over).toEqual([true, true, false, false, false, false])
    await chosen.close()

    const coming = new Set<EngineRole>(['stt', 'tts'])
    const { clock, readiness } = readinessOf(quietEngines(), { isComing: (role) => coming.has(role) })
    await readiness.start()
    expect([readiness.isReady('llm'), readiness.isReady('stt'), readiness.isReady('tts')]).toEqual([true, false, false])
    coming.clear()
    await clock.advance(5_000)
    expect(readiness.areAllReady).toBe(true)
  })
})
