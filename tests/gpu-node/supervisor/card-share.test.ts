// The share of the card that vLLM is told, and vLLM's own judgement of it: the function that decides whether it starts, taken out of the
// pinned wheel and run alone. vLLM itself is not imported: it needs a card.
import { spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import { commandOn } from '#gpu-node/supervisor/card-share.ts'
import { exitCause } from '#gpu-node/supervisor/exit-cause.ts'
import { GIB } from '#tests/fakes/scripted-gpu.ts'
import { findPython, findVllmWheel } from '#tests/tooling/machine.ts'
import { f5, supervisorWorld, vllm } from './supervisor-world.ts'

const SHARE = '--gpu-memory-utilization'
const MIB = 1024 ** 2
/** An RTX 4090: as nvidia-smi counts it, and as CUDA does, without what the driver keeps. */
const CARD_BYTES = 24_564 * MIB
const CUDA_BYTES = 23.5 * GIB
/** What CUDA takes for a process before vLLM looks. */
const CONTEXT_BYTES = 0.4 * GIB

const { plan } = readNodeConfig({ NODE_TOKEN: 'x'.repeat(20), GPU_NODE_CONFIG: 'gpu-node/gpu-node.example.toml' })
const launches = plan.engines.flatMap((engine) => (engine.kind === 'managed' ? [engine] : []))
const own = launches.find(({ name }) => name === 'vllm')?.launch
if (!own) throw new Error('the example plans no vLLM')
const othersBytes = launches.reduce((sum, { launch }) => sum + launch.vramReserveBytes, 0) - own.vramReserveBytes

function shareOn(totalBytes: number, launch = own): number {
  if (!launch) throw new Error('no launch')
  const card = { totalBytes, usedBytes: 0, at: 0, name: '', driver: null }
  const words = commandOn(launch, { ...card, busyFraction: null, temperatureCelsius: null, powerWatts: null })
  expect(words.at(-2)).toBe(SHARE)
  return Number(words.at(-1))
}

describe('the share of the card', () => {
  it('[SUP27] comes of the reserve that preflight looks for, less what an engine does not see', async () => {
    const engine = vllm({ vramReserveBytes: 7 * GIB, shareFlag: SHARE })
    const { supervisor, gpu, host } = supervisorWorld(engine, f5({ vramReserveBytes: 2 * GIB }))
    gpu.usedBytes = 17 * GIB
    await supervisor.start()
    expect(host.last('vllm').command).toEqual(['vllm', SHARE, '0.25'])
    expect(host.last('f5').command).toEqual(['f5'])
  })

  it('[SUP27] is next to nothing on a card that is not known, and never more than the card', async () => {
    const { supervisor, host } = supervisorWorld(vllm({ vramReserveBytes: 7 * GIB, shareFlag: SHARE }))
    await supervisor.start()
    expect(host.last('vllm').command).toEqual(['vllm', SHARE, '0.01'])
    expect(shareOn(4 * GIB)).toBe(1)
    expect(shareOn(CARD_BYTES, { ...own, vramReserveBytes: 0 })).toBe(0.01)
  })

  it('[SUP26] an engine that finds less free than its share, though preflight found enough, is given up after five ends', async () => {
    const { supervisor, clock, gpu, host, started } = supervisorWorld(
      vllm({ vramReserveBytes: 7 * GIB, shareFlag: SHARE }),
    )
    gpu.usedBytes = GIB
    void supervisor.start()
    const line =
      'ValueError: Free memory on device cuda:0 (18.6/23.5 GiB) on startup is less than desired GPU memory utilization'
    for (let end = 0; end < 5; end += 1) {
      await clock.advanceUntil(() => started().length === end + 1)
      host.last('vllm').end({ lastLines: [line] })
    }
    await clock.advanceUntil(() => supervisor.state('vllm') === 'failed')
    expect(supervisor.reason('vllm')).toContain('is not started again')
    await clock.advance(3_600_000)
    expect(started()).toHaveLength(5)
  })
})

const wheel = findVllmWheel()
describe.skipIf(!wheel || !findPython())('vLLM’s own look at the card', () => {
  const SCRIPT = `
import ast, json, math, sys, types, zipfile
wheel, share, total, free = sys.argv[1], *map(float, sys.argv[2:])
source = zipfile.ZipFile(wheel).read("vllm/v1/worker/utils.py").decode()
found = [node for node in ast.parse(source).body if getattr(node, "name", "") == "request_memory"]
scope = {"math": math, "format_gib": lambda size: round(size / 2**30, 2), "MemorySnapshot": object, "CacheConfig": object}
exec(compile(ast.Module(found, []), "request_memory", "exec"), scope)
snapshot = types.SimpleNamespace(total_memory=int(total), free_memory=int(free), device_="cuda:0")
try:
    scope["request_memory"](snapshot, types.SimpleNamespace(gpu_memory_utilization=share))
    print(json.dumps(None))
except ValueError as error:
    print(json.dumps(str(error)))
`
  /** What it objects to. */
  function objection(share: number, freeBytes: number): string | null {
    const words = [wheel ?? '', share, CUDA_BYTES, freeBytes].map(String)
    const { stdout, stderr } = spawnSync(findPython() ?? '', ['-c', SCRIPT, ...words], { encoding: 'utf8' })
    expect(stderr).toBe('')
    return JSON.parse(stdout) as string | null
  }

  it('[SUP27] refuses its default beside Whisper and F5-TTS, and beside a desktop', () => {
    const besideOthers = objection(0.92, 18.6 * GIB)
    expect(besideOthers).toMatch(/^Free memory on device cuda:0 .* less than desired GPU memory utilization/)
    expect(objection(0.92, 21.1 * GIB)).not.toBeNull()
    expect(exitCause([besideOthers ?? ''])).toBe('crash')
  })

  it('[SUP27] takes its share at the first start, beside the others, and where no byte more is free than preflight wants', () => {
    const share = shareOn(CARD_BYTES)
    for (const free of [CUDA_BYTES - CONTEXT_BYTES, 18.6 * GIB, CUDA_BYTES - othersBytes - CONTEXT_BYTES])
      expect(objection(share, free)).toBeNull()
    const barely = own.vramReserveBytes - (CARD_BYTES - CUDA_BYTES) - CONTEXT_BYTES
    expect(objection(share, barely)).toBeNull()
    expect(objection(share, barely - GIB)).not.toBeNull()
  })
})
