// The card's reader over a real child process that stands in for nvidia-smi.
import { tmpdir } from 'node:os'
import * as v from 'valibot'
import { afterEach, describe, expect, it } from 'vitest'
import { Machine } from '#shared/model/node.ts'
import { readMachine } from '#gpu-node/gpu/machine.ts'
import { NvidiaSmi, type NvidiaSmiOptions } from '#gpu-node/gpu/nvidia-smi.ts'
import { createRecordingLog, type RecordingLog } from '#tests/fakes/recording-log.ts'
import { createScriptedGpu, GIB } from '#tests/fakes/scripted-gpu.ts'
import { createScriptedSmi, type ScriptedSmi } from '#tests/fakes/scripted-smi.ts'
import { createVirtualClock, type VirtualClock } from '#tests/fakes/virtual-clock.ts'

const FIRST = '0, 24564, 11120, 37, 61, 212.34, 580.95.05, NVIDIA GeForce RTX 4090'
const SECOND = '1, 81920, 4096, 0, 30, 60.00, 580.95.05, NVIDIA H100'
/** Says its lines and goes on, as -lms does. */
const says = (...lines: string[]): string => `${lines.map((line) => `echo '${line}'`).join('; ')}; exec sleep 600`

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})
function reader(
  script: Parameters<typeof createScriptedSmi>[0],
  more: Partial<NvidiaSmiOptions> = {},
): { gpu: NvidiaSmi; smi: ScriptedSmi; clock: VirtualClock; recorded: RecordingLog } {
  const smi = createScriptedSmi(script)
  const clock = createVirtualClock()
  const recorded = createRecordingLog()
  const gpu = new NvidiaSmi({ clock, log: recorded.log, program: smi.program, random: () => 0.5, ...more })
  stops.push(() => {
    gpu.stop()
    smi.remove()
  })
  gpu.start()
  return { gpu, smi, clock, recorded }
}

describe('NvidiaSmi', () => {
  it('[GPU1] reads the card by one child that goes on', async () => {
    const { gpu, smi } = reader({ card: says('junk', FIRST) })
    await expect.poll(() => gpu.latest()?.name).toBe('NVIDIA GeForce RTX 4090')
    expect(smi.starts()).toEqual([expect.stringMatching(/^--query-gpu=index,memory\.total.*-lms 1000$/)])
  })

  it('[GPU4] of several cards the first is read, or the one that was chosen', async () => {
    const first = reader({ card: says(FIRST, SECOND, FIRST.replace('11120', '12000'), SECOND) })
    await expect.poll(() => first.gpu.latest()?.usedBytes).toBe(12_000 * 1024 ** 2)
    const second = reader({ card: says(FIRST, SECOND) }, { index: 1 })
    await expect.poll(() => second.gpu.latest()?.name).toBe('NVIDIA H100')
    expect(second.smi.starts()[0]).toContain('--id=1')
  })

  it('[GPU5] without the program there is no reading, no second try and no noise', async () => {
    const { gpu, clock, recorded } = reader({ card: '' }, { program: '/no/such/nvidia-smi' })
    expect(await gpu.processes()).toBeUndefined()
    await clock.advance(3_600_000)
    expect(gpu.latest()).toBeUndefined()
    expect(await gpu.processes()).toBeUndefined()
    expect([clock.pending, recorded.lines]).toEqual([0, []])
  })

  it('[GPU6] a child that ends is started again, later each time, and without noise', async () => {
    const { smi, clock, recorded } = reader({ card: 'exit 9' })
    for (const [ends, waitMs] of [1_000, 2_000, 4_000].entries()) {
      await expect.poll(() => clock.pending).toBe(1)
      expect(smi.starts()).toHaveLength(ends + 1)
      await clock.advance(waitMs - 1)
      expect(clock.pending).toBe(1)
      await clock.advance(1)
    }
    await expect.poll(() => smi.starts().length).toBe(4)
    expect(recorded.lines.every(({ level }) => level === 'debug')).toBe(true)
  })

  it('[GPU7] a reading of a driver that has fallen silent is none', async () => {
    const { gpu, clock } = reader({ card: says(FIRST) })
    await expect.poll(() => gpu.latest()).toBeDefined()
    await clock.advance(4_999)
    expect(gpu.latest()).toBeDefined()
    await clock.advance(1)
    expect(gpu.latest()).toBeUndefined()
  })

  it('[GPU3] processes are asked for anew each time; a failure is no empty card', async () => {
    const works = reader({ card: says(FIRST), processes: "echo '4242, 5120'" })
    expect(await works.gpu.processes()).toEqual([{ pid: 4242, usedBytes: 5_120 * 1024 ** 2 }])
    const fails = reader({ card: says(FIRST), processes: 'exit 9' })
    expect(await fails.gpu.processes()).toBeUndefined()
  })
})

describe('readMachine', () => {
  it('[GPU8] tells card, driver, memory, disk and uptime, and null for what there is not', async () => {
    const gpu = createScriptedGpu(createVirtualClock())
    const without = await readMachine(gpu, '/no/such/folder')
    expect(without).toMatchObject({ card: null, driver: null, disk: null })
    gpu.usedBytes = GIB
    const machine = await readMachine(gpu, tmpdir())
    expect(v.parse(Machine, machine)).toEqual(machine)
    expect(machine).toMatchObject({ card: 'NVIDIA GeForce RTX 4090', driver: '580.95.05' })
    expect(machine.disk?.freeBytes).toBeLessThanOrEqual(machine.disk?.totalBytes ?? 0)
    expect(machine.memory?.usedBytes).toBeGreaterThan(0)
    expect(machine.uptimeMs).toBeGreaterThan(0)
  })
})
