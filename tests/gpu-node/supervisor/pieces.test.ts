// The small parts: the ring of lines, why an engine ended, who is let through the gate, what /proc says.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exitCause } from '#gpu-node/supervisor/exit-cause.ts'
import { Gate } from '#gpu-node/supervisor/gate.ts'
import { LineRing, MAX_LINE_CHARS, MAX_LINES } from '#gpu-node/supervisor/line-ring.ts'
import { parseStat, treeOf } from '#gpu-node/supervisor/proc-table.ts'

describe('LineRing', () => {
  it('[SUP22] keeps the last lines, however the bytes are cut and however long a line is', () => {
    const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !/[\r\n]/.test(text))
    fc.assert(
      fc.property(fc.array(line), fc.constantFrom('\n', '\r\n', '\r'), fc.nat(7), (said, newline, piece) => {
        const heard: string[] = []
        const ring = new LineRing()
        const feed = ring.feed((text) => heard.push(text))
        const bytes = Buffer.from(said.join(newline))
        for (let i = 0; i < bytes.length; i += piece + 1) feed.push(bytes.subarray(i, i + piece + 1))
        feed.end()
        expect(heard).toEqual(said.filter((text) => text.trim() !== ''))
        expect(ring.lines).toEqual(heard)
      }),
    )
  })

  it('[SUP22] holds its bounds against an engine that writes without end', () => {
    const ring = new LineRing()
    const feed = ring.feed(() => {})
    for (let i = 0; i < 2 * MAX_LINES; i += 1) feed.push(Buffer.from(`${i} ${'x'.repeat(2 * MAX_LINE_CHARS)}\n`))
    for (let i = 0; i < 100; i += 1) feed.push(Buffer.from('y'.repeat(MAX_LINE_CHARS)))
    feed.end()
    expect(ring.lines).toHaveLength(MAX_LINES)
    expect(Math.max(...ring.lines.map(({ length }) => length))).toBe(MAX_LINE_CHARS)
    expect(ring.lines.at(-1)).toMatch(/^y+$/)
  })
})

describe('exitCause', () => {
  it.each([
    'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.',
    'RuntimeError: CUDA failed with error out of memory',
    'AssertionError: Error in memory profiling. Initial free memory 20 GiB, current free memory 22 GiB.',
    'RuntimeError: CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)',
  ])('[SUP16] “%s” is want of memory', (line) => {
    expect(exitCause(['Traceback', line, 'exit'])).toBe('memory')
  })

  it('[SUP16] anything else is a crash', () => {
    expect(exitCause(['Traceback', "ModuleNotFoundError: No module named 'vllm'"])).toBe('crash')
    expect(exitCause([])).toBe('crash')
  })
})

describe('Gate', () => {
  it('[SUP14] lets one in at a time, in the order of asking, and forgets who went away', async () => {
    const gate = new Gate()
    const { signal } = new AbortController()
    const away = new AbortController()
    const order: string[] = []
    const first = await gate.enter('a', signal)
    const b = gate.enter('b', away.signal).catch((reason: unknown) => reason)
    const c = gate.enter('c', signal).then((leave) => (order.push('c'), leave))
    const d = gate.enter('d', signal).then((leave) => (order.push('d'), leave))
    away.abort('replaced')
    expect(await b).toBe('replaced')
    expect([gate.holder, order]).toEqual(['a', []])
    first()
    first()
    const leave = await c
    expect([gate.holder, order]).toEqual(['c', ['c']])
    leave()
    ;(await d)()
    expect([gate.holder, order]).toEqual([undefined, ['c', 'd']])
    await expect(gate.enter('e', away.signal)).rejects.toBe('replaced')
  })
})

describe('proc-table', () => {
  const stat = (pid: number, name: string, state: string, threads = 1): string =>
    `${pid} (${name}) ${state} 7 41 40 0 -1 4194560 1 0 0 0 2 1 0 0 20 0 ${threads} 0 987654 1 2 3`

  it('[SUP9] names a process by pid and start time, whatever it is called; a zombie is none', () => {
    expect(parseStat(stat(41, 'VLLM::Engine) S 1 (x', 'S'))).toEqual({
      pid: 41,
      parent: 7,
      group: 41,
      session: 40,
      startTime: 987_654,
    })
    expect(parseStat(stat(41, 'python3', 'Z'))).toBeUndefined()
    // Its first thread has ended, the others run on.
    expect(parseStat(stat(41, 'python3', 'Z', 3))).toMatchObject({ pid: 41, startTime: 987_654 })
  })

  it('[SUP8] a tree is the leader, its group, its session and all below them', () => {
    const entry = (pid: number, parent: number, group: number, session: number) => ({
      pid,
      parent,
      group,
      session,
      startTime: 1,
    })
    const table = [
      entry(99, 12, 99, 99),
      entry(10, 1, 10, 10),
      entry(11, 10, 10, 10),
      entry(12, 1, 10, 10),
      entry(13, 1, 13, 10),
      entry(14, 13, 14, 14),
      entry(50, 1, 50, 50),
      entry(51, 50, 50, 50),
    ]
    const pids = treeOf(table, 10).map(({ pid }) => pid)
    expect(pids.toSorted((a, b) => a - b)).toEqual([10, 11, 12, 13, 14, 99])
  })
})
