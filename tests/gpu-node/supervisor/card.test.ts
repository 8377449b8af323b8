// What must be true of the card before an engine starts, and what an engine holds of it, in virtual time.
import { describe, expect, it } from 'vitest'
import { MEMORY_WAIT_MS } from '#gpu-node/supervisor/engine-process-state.ts'
import { GIB } from '#tests/fakes/scripted-gpu.ts'
import { f5, supervisorWorld, vllm, whisper } from './supervisor-world.ts'

describe('the card of a supervisor', () => {
  it('[SUP16] an engine starts only with its memory free on the card, and others go on meanwhile', async () => {
    const { supervisor, clock, gpu, host, started } = supervisorWorld(vllm({ vramReserveBytes: 10 * GIB }), whisper())
    gpu.usedBytes = 15 * GIB
    await supervisor.start()
    expect([supervisor.state('vllm'), supervisor.state('whisper')]).toEqual(['backoff', 'ready'])
    expect(supervisor.reason('vllm')).toBe('waits for memory on the card: 9216 MiB are free, it needs 10240')
    await clock.advance(3_600_000)
    expect(started()).toEqual(['whisper'])
    gpu.usedBytes = 14 * GIB
    await clock.advance(MEMORY_WAIT_MS)
    expect(supervisor.state('vllm')).toBe('ready')
    // Ends for want of memory, however many, are no crash loop.
    for (let end = 0; end < 9; end += 1) {
      host.last('vllm').end({ lastLines: ['torch.OutOfMemoryError: CUDA out of memory.', 'exit'] })
      await clock.advanceUntil(() => supervisor.state('vllm') === 'ready')
    }
  })

  it('[SUP16] a reading from before the engine’s turn is not believed: memory was taken or freed since', async () => {
    const { supervisor, clock, gpu } = supervisorWorld(f5({ vramReserveBytes: 10 * GIB }))
    gpu.usedBytes = 20 * GIB
    gpu.readAt = clock.now() - 500
    void supervisor.start()
    await clock.advance(600)
    expect(supervisor.state('f5')).toBe('starting')
    gpu.usedBytes = GIB
    gpu.readAt = undefined
    await clock.advance(250)
    expect(supervisor.state('f5')).toBe('ready')
  })

  it('[SUP17] no engine is started while a process of its earlier run lives, holds the card, or is another node’s', async () => {
    const { supervisor, clock, gpu, host, started } = supervisorWorld(f5())
    gpu.usedBytes = GIB
    host.swept = { found: [7, 8], left: [] }
    gpu.onCard = [
      { pid: 8, usedBytes: GIB },
      { pid: 9, usedBytes: GIB },
    ]
    void supervisor.start()
    await clock.advanceUntil(() => supervisor.state('f5') === 'backoff')
    expect(supervisor.reason('f5')).toBe('processes of its earlier run still hold the card: 8')
    host.swept = { found: [7], left: [7] }
    await clock.advance(2 * MEMORY_WAIT_MS)
    expect(supervisor.reason('f5')).toBe('processes of its earlier run cannot be ended: 7')
    host.otherNode = 42
    await clock.advance(2 * MEMORY_WAIT_MS)
    expect(supervisor.reason('f5')).toBe('another node (process 42) runs it in this data folder')
    expect(started()).toEqual([])
    host.otherNode = undefined
    host.swept = { found: [], left: [] }
    await clock.advance(2 * MEMORY_WAIT_MS)
    expect(supervisor.state('f5')).toBe('ready')
  })

  it('[SUP23] an engine’s part of the card is that of all its processes, and null where it is not told', async () => {
    const { supervisor, gpu, host } = supervisorWorld(f5())
    host.alive = [7, 8, 9]
    gpu.onCard = [
      { pid: 7, usedBytes: GIB },
      { pid: 8, usedBytes: 2 * GIB },
      { pid: 50, usedBytes: 4 * GIB },
    ]
    expect(await supervisor.vramBytes('f5')).toBe(3 * GIB)
    gpu.onCard.push({ pid: 9, usedBytes: null })
    expect(await supervisor.vramBytes('f5')).toBeNull()
    gpu.onCard = undefined
    expect(await supervisor.vramBytes('f5')).toBeNull()
  })
})
