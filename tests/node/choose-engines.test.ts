// Which engines a node gets, and when they count as ready.
import { describe, expect, it } from 'vitest'
import { silentLog } from '#shared/log.ts'
import { chooseEngines } from '#gpu-node/engines/choose-engines.ts'
import type { Engines } from '#gpu-node/engines/ports.ts'
import { EngineReadiness } from '#gpu-node/engines/warm-up.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'
import { quietEngines } from './node-world.ts'

function readinessOf(engines: Engines) {
  const clock = createVirtualClock()
  const seen = { changes: 0 }
  const readiness = new EngineReadiness(engines, { clock, log: silentLog, onChange: () => seen.changes++ })
  return { clock, readiness, seen }
}

describe('engines of a node', () => {
  it('[NOD16] a server that is configured takes the place of the embedded engine of its role', async () => {
    const server = { url: 'http://127.0.0.1:9', apiKey: undefined }
    const { infos, slots, close } = await chooseEngines(
      {
        slots: undefined,
        llm: { ...server, model: 'qwen' },
        stt: { ...server, model: 'whisper' },
        tts: { ...server, model: 'f5', voice: 'ada' },
      },
      silentLog,
    )
    expect(infos.map(({ role, name }) => `${role} ${name}`)).toEqual([
      'vad silero',
      'stt whisper',
      'llm qwen',
      'tts f5',
    ])
    expect(slots).toBe(5)
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
})
