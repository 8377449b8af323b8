// The whole supervisor over processes of a script and a clock that moves when told: order, gate, backoff, memory, idle time.
import { afterEach, describe, expect, it } from 'vitest'
import { MEMORY_WAIT_MS } from '#gpu-node/supervisor/engine-process-state.ts'
import { Supervisor } from '#gpu-node/supervisor/supervisor.ts'
import { createRecordingLog } from '#tests/fakes/recording-log.ts'
import { createScriptedGpu, GIB } from '#tests/fakes/scripted-gpu.ts'
import { createScriptedEngine, createScriptedHost, type ScriptedEngine } from '#tests/fakes/scripted-host.ts'
import { createVirtualClock, type VirtualClock } from '#tests/fakes/virtual-clock.ts'

const opened: { supervisor: Supervisor; clock: VirtualClock }[] = []
afterEach(async () => {
  // Whatever a test did, the end leaves no timer behind.
  for (const { supervisor, clock } of opened.splice(0)) {
    const stopped = supervisor.stop()
    await clock.advance(30_000)
    await stopped
    expect(clock.pending).toBe(0)
  }
})

function world(...engines: ScriptedEngine[]) {
  const clock = createVirtualClock()
  const host = createScriptedHost()
  const gpu = createScriptedGpu(clock)
  const { log, lines, text } = createRecordingLog()
  const changes: string[] = []
  const supervisor = new Supervisor({
    engines,
    gpu,
    clock,
    log,
    host,
    folder: 'unused',
    random: () => 0.5,
    onChange: (name) => changes.push(`${name} ${supervisor.state(name)}`),
  })
  opened.push({ supervisor, clock })
  const started = (): string[] => host.started.map(({ name }) => name)
  return { clock, host, gpu, lines, text, changes, supervisor, started }
}
const vllm = (launch = {}): ScriptedEngine => createScriptedEngine('vllm', 'llm', launch)
const whisper = (launch = {}): ScriptedEngine => createScriptedEngine('whisper', 'stt', launch)
const f5 = (launch = {}): ScriptedEngine => createScriptedEngine('f5', 'tts', launch)
const hq = (launch = {}): ScriptedEngine => createScriptedEngine('hq', 'tts', { onDemand: true, ...launch })

describe('Supervisor', () => {
  it('[SUP12] starts LLM, STT and TTS in this order, each once the one before has answered a real request', async () => {
    const llm = vllm()
    const { probe } = llm
    llm.probe = () => Promise.reject(new Error('503'))
    const { supervisor, clock, started, changes } = world(f5(), whisper(), llm)
    const start = supervisor.start()
    await clock.advance(30_000)
    expect(started()).toEqual(['vllm'])
    llm.probe = probe
    await clock.advance(1_000)
    await start
    const life = (name: string): string[] => [`${name} starting`, `${name} warming`, `${name} ready`]
    expect(changes).toEqual([...life('vllm'), ...life('whisper'), ...life('f5')])
  })

  it('[SUP13] an engine that is there but does not answer a real request is not ready, and is ended in time', async () => {
    const llm = vllm({ startTimeoutMs: 20_000 })
    llm.answers = false
    const { supervisor, clock, host, changes } = world(llm)
    void supervisor.start()
    await clock.advance(19_000)
    expect(changes).toEqual(['vllm starting', 'vllm warming'])
    await clock.advance(1_000)
    expect(host.last('vllm').isAsked).toBe(true)
    expect(supervisor.state('vllm')).toBe('backoff')
    expect(supervisor.reason('vllm')).toBe('did not answer a request within 20 s')
    llm.answers = true
    await clock.advance(2_000)
    expect(supervisor.state('vllm')).toBe('ready')
    expect(supervisor.reason('vllm')).toBeUndefined()
  })

  it('[SUP14] while the LLM starts, nothing else is loaded, unloaded or judged dead', async () => {
    const [llm, stt] = [vllm(), whisper()]
    const { supervisor, clock, host, started } = world(llm, stt, f5(), hq())
    await supervisor.start()
    llm.isOpen = false
    host.last('vllm').end()
    await clock.advance(2_000)
    expect(supervisor.state('vllm')).toBe('starting')
    const loaded = supervisor.load('hq')
    const unloaded = supervisor.unload('f5')
    stt.isBroken = true
    await clock.advance(20_000)
    expect(started()).toEqual(['vllm', 'whisper', 'f5', 'vllm'])
    expect([supervisor.state('f5'), supervisor.state('whisper')]).toEqual(['ready', 'ready'])
    llm.isOpen = true
    stt.isBroken = false
    await clock.advance(2_000)
    await Promise.all([loaded, unloaded])
    expect(started().slice(4)).toEqual(['hq'])
    expect([supervisor.state('hq'), supervisor.state('f5')]).toEqual(['ready', 'stopped'])
  })

  it('[SUP15] a crash loop stops after five ends, says so, and begins anew when somebody asks', async () => {
    const { supervisor, clock, host, lines, changes, started } = world(f5())
    await supervisor.start()
    for (let crash = 1; crash <= 4; crash += 1) {
      host.last('f5').end()
      await clock.advanceUntil(() => supervisor.state('f5') === 'ready')
    }
    host.last('f5').end()
    await clock.settle()
    expect(supervisor.state('f5')).toBe('failed')
    expect(supervisor.reason('f5')).toMatch(/^ended 5 times in 10 minutes .* exit code 1$/)
    expect(lines.filter(({ level }) => level === 'error')).toEqual([
      { level: 'error', message: 'engine is given up', facts: expect.objectContaining({ engine: 'f5' }) },
    ])
    expect(changes.at(-1)).toBe('f5 failed')
    await clock.advance(3_600_000)
    expect(started()).toHaveLength(5)
    await supervisor.load('f5')
    expect(supervisor.state('f5')).toBe('ready')
  })

  it('[SUP16] an engine starts only with its memory free on the card, and others go on meanwhile', async () => {
    const { supervisor, clock, gpu, host, started } = world(vllm({ vramReserveBytes: 10 * GIB }), whisper())
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

  it('[SUP17] no engine is started while a process of its earlier run lives, holds the card, or is another node’s', async () => {
    const { supervisor, clock, gpu, host, started } = world(f5())
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

  it('[SUP18] an engine that hangs or says that it is broken is degraded, then ended and started again', async () => {
    const tts = f5()
    const { supervisor, clock, host, started, changes } = world(tts)
    await supervisor.start()
    tts.isOpen = false
    await clock.advance(4_000)
    expect(supervisor.state('f5')).toBe('degraded')
    await clock.advanceUntil(() => supervisor.state('f5') === 'backoff', 12_000)
    expect(host.started[0]?.isAsked).toBe(true)
    tts.isOpen = true
    await clock.advance(2_000)
    tts.isBroken = true
    await clock.advanceUntil(() => supervisor.state('f5') === 'backoff', 6_000)
    tts.isBroken = false
    await clock.advance(3_000)
    expect(started()).toHaveLength(3)
    expect(changes.slice(-3)).toEqual(['f5 starting', 'f5 warming', 'f5 ready'])
  })

  it('[SUP19] an engine on demand is loaded when asked, kept while it is touched and unloaded when idle', async () => {
    const { supervisor, clock, started } = world(f5(), hq({ idleUnloadMs: 60_000 }))
    await supervisor.start()
    expect(started()).toEqual(['f5'])
    await supervisor.load('hq')
    for (let use = 0; use < 5; use += 1) {
      await clock.advance(59_000)
      supervisor.touch('hq')
    }
    expect(supervisor.state('hq')).toBe('ready')
    await clock.advance(60_000)
    expect(supervisor.state('hq')).toBe('stopped')
    await Promise.all([supervisor.load('hq'), supervisor.load('hq')])
    expect(started()).toEqual(['f5', 'hq', 'hq'])
    await clock.advance(3_600_000)
    expect([supervisor.state('hq'), supervisor.state('f5')]).toEqual(['stopped', 'ready'])
  })

  it('[SUP19] who loads what cannot be loaded is told at once, and why stands in the log', async () => {
    const { supervisor, gpu } = world(hq({ vramReserveBytes: 10 * GIB }))
    gpu.usedBytes = 20 * GIB
    await expect(supervisor.load('hq')).rejects.toMatchObject({ fault: { code: 'unavailable', what: 'hq' } })
    await supervisor.unload('hq')
    await expect(supervisor.load('nobody')).rejects.toMatchObject({ fault: { code: 'not_found', id: 'nobody' } })
  })

  it('[SUP20] the end ends all engines at once, also those that wait, and starts none any more', async () => {
    const llm = vllm()
    llm.isOpen = false
    const { supervisor, clock, host, started } = world(llm, whisper(), f5())
    const start = supervisor.start()
    await clock.advance(1_000)
    const unloaded = supervisor.unload('f5').catch((reason: unknown) => reason)
    host.doesStop = false
    const stopped = supervisor.stop()
    await clock.settle()
    expect(host.last('vllm').isAsked).toBe(true)
    host.last('vllm').end()
    await Promise.all([stopped, start])
    expect(await unloaded).toBe('shutdown')
    await expect(supervisor.load('f5')).rejects.toBe('shutdown')
    expect(started()).toEqual(['vllm'])
  })

  it('[SUP21] what an engine says is in the log at debug only, except its last lines when it never served', async () => {
    const tts = f5()
    const { supervisor, clock, host, lines, text } = world(tts)
    await supervisor.start()
    host.last('f5').say('she said: a secret')
    expect(lines.at(-1)).toEqual({
      level: 'debug',
      message: 'engine says',
      facts: { engine: 'f5', line: 'she said: a secret' },
    })
    lines.pop()
    host.last('f5').end({ lastLines: ['she said: a secret'] })
    await clock.settle()
    expect(text()).not.toContain('a secret')
    tts.isOpen = false
    await clock.advanceUntil(() => host.started.length === 2)
    host.last('f5').end({ lastLines: ['no such model'] })
    await clock.settle()
    expect(lines.filter(({ level }) => level === 'warn').map(({ facts }) => facts['last'])).toContainEqual([
      'no such model',
    ])
  })
})
