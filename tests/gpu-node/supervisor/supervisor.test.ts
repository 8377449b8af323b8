// The supervisor's order, gate, backoff, idle time and end, in virtual time.
import { describe, expect, it } from 'vitest'
import type { FaultError } from '#shared/fault.ts'
import { f5, hq, supervisorWorld, vllm, whisper } from './supervisor-world.ts'
import { GIB } from '#tests/fakes/scripted-gpu.ts'

describe('Supervisor', () => {
  it('[SUP12] starts LLM, STT and TTS in this order, each once the one before has answered a real request', async () => {
    const llm = vllm()
    const { probe } = llm
    llm.probe = () => Promise.reject(new Error('503'))
    const { supervisor, clock, started, changes } = supervisorWorld(f5(), whisper(), llm)
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
    const { supervisor, clock, host, changes } = supervisorWorld(llm)
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
    const { supervisor, clock, host, started } = supervisorWorld(llm, stt, f5(), hq())
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
    const { supervisor, clock, host, lines, changes, started } = supervisorWorld(f5())
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

  it('[SUP18] an engine that hangs or says that it is broken is degraded, then ended and started again', async () => {
    const tts = f5()
    const { supervisor, clock, host, started, changes } = supervisorWorld(tts)
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
    const { supervisor, clock, started } = supervisorWorld(f5(), hq({ idleUnloadMs: 60_000 }))
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
    const { supervisor, gpu } = supervisorWorld(hq({ vramReserveBytes: 10 * GIB }))
    gpu.usedBytes = 20 * GIB
    await expect(supervisor.load('hq')).rejects.toMatchObject({ fault: { code: 'unavailable', what: 'hq' } })
    await supervisor.unload('hq')
    await expect(supervisor.load('nobody')).rejects.toMatchObject({ fault: { code: 'not_found', id: 'nobody' } })
  })

  it('[SUP19] who loads an engine that is just being unloaded gets it back, and nobody is kept waiting', async () => {
    const { supervisor, clock, host, started } = supervisorWorld(f5(), hq())
    await supervisor.start()
    await supervisor.load('hq')
    host.doesStop = false
    const unloaded = supervisor.unload('hq')
    await clock.settle()
    expect(supervisor.state('hq')).toBe('stopping')
    const loaded = supervisor.load('hq')
    host.doesStop = true
    host.last('hq').end({ how: 'exit code 0' })
    await Promise.all([unloaded, loaded])
    expect(started()).toEqual(['f5', 'hq', 'hq'])
    expect(supervisor.state('hq')).toBe('ready')
    await supervisor.unload('f5')
    expect(supervisor.state('f5')).toBe('stopped')
  })

  it('[SUP14] an engine that is unloaded while it waits at the gate, or is just let in, keeps nobody out', async () => {
    for (let moment = 0; moment < 24; moment += 1) {
      const llm = vllm()
      llm.isOpen = false
      const { supervisor, clock, host } = supervisorWorld(llm, whisper({ onDemand: true }), hq())
      void supervisor.start()
      await clock.advance(1_000)
      const loaded = supervisor.load('hq').then(
        () => 'ready',
        (error: FaultError) => error.fault.code,
      )
      await clock.settle()
      // The gate opens now; the unload comes a few promises later.
      host.last('vllm').end({ isUnable: true, how: 'no such program' })
      for (let i = 0; i < moment; i += 1) await Promise.resolve()
      await supervisor.unload('hq')
      expect(['ready', 'unavailable']).toContain(await loaded)
      expect(supervisor.state('hq')).toBe('stopped')
      await supervisor.load('whisper')
      expect(supervisor.state('whisper')).toBe('ready')
    }
  })

  it('[SUP20] the end ends all engines at once, waits at no gate, and starts none any more', async () => {
    const llm = vllm()
    const { supervisor, clock, host, started } = supervisorWorld(llm, whisper(), f5(), hq())
    await supervisor.start()
    llm.isOpen = false
    host.last('vllm').end()
    await clock.advance(2_000)
    // The LLM starts again, and these two wait for it.
    const unloaded = supervisor.unload('f5').catch((reason: unknown) => reason)
    const loaded = supervisor.load('hq').catch((error: FaultError) => error.fault.code)
    await supervisor.stop()
    expect(host.started.slice(1).map(({ name, isAsked }) => [name, isAsked])).toEqual([
      ['whisper', true],
      ['f5', true],
      ['vllm', true],
    ])
    expect([await unloaded, await loaded]).toEqual(['shutdown', 'unavailable'])
    await expect(supervisor.load('hq')).rejects.toBe('shutdown')
    await clock.advance(3_600_000)
    expect(started()).toHaveLength(4)
  })

  it('[SUP20] the end of a node that is just starting ends the start', async () => {
    const llm = vllm()
    llm.isOpen = false
    const { supervisor, clock, started } = supervisorWorld(llm, whisper())
    const start = supervisor.start()
    await clock.advance(1_000)
    await Promise.all([supervisor.stop(), start])
    expect(started()).toEqual(['vllm'])
  })

  it('[SUP21] what an engine says is in the log at debug only, except its last lines when it never served', async () => {
    const tts = f5()
    const { supervisor, clock, host, lines, text } = supervisorWorld(tts)
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

  it('[SUP25] a bug while an engine is started makes it failed, and holds up no other at the gate', async () => {
    const { supervisor, host, clock, lines } = supervisorWorld(vllm(), whisper())
    const { start } = host
    host.start = (name, ...facts) => {
      if (name === 'vllm') throw new Error('a bug')
      return start(name, ...facts)
    }
    await supervisor.start()
    expect([supervisor.state('vllm'), supervisor.reason('vllm')]).toEqual(['failed', 'a bug in the supervisor'])
    expect(supervisor.state('whisper')).toBe('ready')
    expect(lines.filter(({ message }) => message === 'a bug in the supervisor')).toHaveLength(1)
    host.start = start
    await supervisor.load('vllm')
    expect(supervisor.state('vllm')).toBe('ready')
    await clock.settle()
  })

  it('[SUP25] a tree that cannot be ended for a bug keeps nobody waiting for its end', async () => {
    const { supervisor, host } = supervisorWorld(whisper())
    const { start } = host
    let isBroken = true
    host.start = (...facts) => {
      const process = start(...facts)
      const { stop } = process
      process.stop = () => {
        if (isBroken) throw new Error('a bug')
        stop()
      }
      return process
    }
    await supervisor.start()
    await supervisor.unload('whisper')
    expect(supervisor.state('whisper')).toBe('failed')
    isBroken = false
  })

  it('[SUP14] one that does not run frees nothing and waits at no gate to be unloaded', async () => {
    const llm = vllm()
    const { supervisor, host, clock } = supervisorWorld(llm, whisper())
    await supervisor.start()
    llm.isOpen = false
    host.last('vllm').end()
    await clock.advance(1_500)
    expect(supervisor.state('vllm')).toBe('starting')
    host.last('whisper').end()
    await clock.advance(100)
    expect(supervisor.state('whisper')).toBe('backoff')
    let isUnloaded = false
    void supervisor.unload('whisper').then(() => (isUnloaded = true))
    await clock.settle()
    expect([isUnloaded, supervisor.state('whisper')]).toEqual([true, 'stopped'])
  })
})
