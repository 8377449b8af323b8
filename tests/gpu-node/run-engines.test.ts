// Engines that the node starts itself, as main.ts runs them: a real program, asked by the real driver, read and ended.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { EnginesPlan } from '#gpu-node/config/plan.ts'
import { runEngines, type RunEngines } from '#gpu-node/run-engines.ts'
import { systemClock } from '#shared/clock.ts'
import { silentLog } from '#shared/log.ts'
import { freePort } from '#edge/cli/libsql-server.ts'
import { canSupervise } from '#tests/tooling/machine.ts'

const LONG_MS = 20_000

describe.runIf(canSupervise())('engines of one’s own', () => {
  let folder: string
  let engines: RunEngines
  let url: string
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'parley-run-'))
    const port = await freePort()
    url = `http://127.0.0.1:${port}`
    const server = {
      url,
      model: 'llm',
      apiKey: undefined,
      dialect: 'openai',
      voice: undefined,
      mode: undefined,
      script: undefined,
      languages: ['en'],
      sampleRate: undefined,
    } as const
    const launch = {
      command: [process.execPath, 'tests/fakes/vllm-process.ts', String(port)],
      environment: {},
      workingFolder: process.cwd(),
      vramReserveBytes: 0,
      startTimeoutMs: LONG_MS,
      onDemand: false,
      idleUnloadMs: LONG_MS,
    }
    const plan: EnginesPlan = {
      engines: [{ name: 'vllm', kind: 'managed', server, launch }],
      chains: { llm: ['vllm'], stt: ['embedded'], 'tts.fast': ['embedded'], 'tts.hq': [] },
    }
    const gpu = { program: '/nowhere/nvidia-smi', index: undefined }
    engines = runEngines({ plan, dataDir: folder, gpu }, { clock: systemClock, log: silentLog })
  })
  afterEach(async () => {
    await engines.stop()
    rmSync(folder, { recursive: true })
  })

  it('[LOD3] are started, asked until they answer, read, and ended without a trace', async () => {
    const states: string[] = []
    engines.start(() => states.push(engines.runner.state('vllm')))
    await expect.poll(() => engines.runner.state('vllm'), { timeout: LONG_MS }).toBe('ready')
    expect(states).toContain('warming')
    await expect.poll(() => engines.load().waitingRequests, { timeout: LONG_MS }).toBe(7)
    expect(engines.gpu.latest()).toBeUndefined()
    await engines.stop()
    await expect(fetch(`${url}/health`)).rejects.toThrow()
  })
})
