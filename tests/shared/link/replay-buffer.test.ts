import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Frame } from '#shared/link/frame.ts'
import { ReplayBuffer } from '#shared/link/replay-buffer.ts'

const still = { now: () => 0 }

it('[LNK13] a buffer is the list of what was pushed, less what was acknowledged', () => {
  const step = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ do: fc.constantFrom('text', 'audio', 'audio'), size: fc.integer({ min: 0, max: 3_000 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('acked'), size: fc.integer({ min: 0, max: 300 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('dropFrom'), size: fc.integer({ min: 1, max: 300 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('skip'), size: fc.integer({ min: 1, max: 3 }) }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400, size: 'max' }), fc.integer({ min: 0, max: 300 }), (steps, from) => {
      const buffer = new ReplayBuffer(still)
      let model: Array<{ seq: number; frame: Frame }> = []
      let nextSeq = 1
      for (const { do: name, size } of steps) {
        if (name === 'text' || name === 'audio') {
          const frame = name === 'text' ? 'x'.repeat(size) : Uint8Array.from({ length: size }, (_, i) => nextSeq + i)
          model.push({ seq: nextSeq, frame: typeof frame === 'string' ? frame : frame.slice() })
          buffer.push(nextSeq++, frame)
          // Whoever reads a socket may use the same memory again.
          if (typeof frame !== 'string') frame.fill(0)
        }
        if (name === 'skip') nextSeq += size
        if (name === 'acked') {
          buffer.acked(size)
          model = model.filter(({ seq }) => seq > size)
        }
        if (name === 'dropFrom') {
          buffer.dropFrom(size)
          model = model.filter(({ seq }) => seq < size)
        }
      }
      expect(buffer.after(from)).toEqual(model.filter(({ seq }) => seq > from).map(({ frame }) => frame))
      expect(buffer.length).toBe(model.length)
      expect(buffer.bytes).toBe(model.reduce((sum, { frame }) => sum + frame.length, 0))
    }),
    { numRuns: 200 },
  )
})

it('[LNK13] a frame that does not fit is not kept, and fits once there is room', () => {
  const buffer = new ReplayBuffer(still, { maxBytes: 10, maxMs: 1_000 })
  expect(buffer.push(1, 'xxxxxx').ok).toBe(true)
  expect(buffer.push(2, 'xxxxx')).toEqual({
    ok: false,
    fault: { code: 'too_large', limit: 'replay', max: 10, got: 11, unit: 'bytes' },
  })
  expect(buffer.length).toBe(1)
  buffer.acked(1)
  expect(buffer.push(2, 'xxxxx').ok).toBe(true)
})

it('[LNK13] age counts from the oldest frame that is not acknowledged', () => {
  let now = 0
  const buffer = new ReplayBuffer({ now: () => now }, { maxBytes: 100, maxMs: 1_000 })
  expect(buffer.oldestAgeMs()).toBe(0)
  buffer.push(1, 'a')
  now = 800
  buffer.push(2, 'b')
  now = 1_500
  expect(buffer.oldestAgeMs()).toBe(1_500)
  expect(buffer.push(3, 'c').ok).toBe(false)
  buffer.acked(1)
  expect(buffer.oldestAgeMs()).toBe(700)
  expect(buffer.push(3, 'c').ok).toBe(true)
})

it('[LNK13] an overflow names the bound that is nearer', () => {
  let now = 0
  const buffer = new ReplayBuffer({ now: () => now }, { maxBytes: 100, maxMs: 1_000 })
  buffer.push(1, 'x'.repeat(50))
  now = 100
  expect(buffer.overflow()).toEqual({ code: 'too_large', limit: 'replay', max: 100, got: 100, unit: 'bytes' })
  now = 500
  expect(buffer.overflow()).toEqual({ code: 'too_large', limit: 'replay', max: 1_000, got: 1_000, unit: 'ms' })
  now = 1_200
  expect(buffer.overflow()).toMatchObject({ got: 1_200, unit: 'ms' })
})

it('[LNK13] a buffer of exactly its bound is full, and not over it', () => {
  let now = 0
  const buffer = new ReplayBuffer({ now: () => now }, { maxBytes: 10, maxMs: 1_000 })
  expect(buffer.push(1, 'xxxxx').ok).toBe(true)
  now = 1_000
  expect(buffer.push(2, 'xxxxx').ok).toBe(true)
  expect(buffer.push(3, 'x').ok).toBe(false)
})

it('[LNK13] a buffer that is cleared begins anew', () => {
  const buffer = new ReplayBuffer(still, { maxBytes: 4, maxMs: 1_000 })
  for (let seq = 1; seq <= 4; seq++) buffer.push(seq, `${seq}`)
  buffer.acked(3)
  buffer.clear()
  expect([buffer.length, buffer.bytes, buffer.after(0)]).toEqual([0, 0, []])
  for (let seq = 5; seq <= 8; seq++) expect(buffer.push(seq, `${seq}`).ok).toBe(true)
  expect([buffer.length, buffer.after(6)]).toEqual([4, ['7', '8']])
})
