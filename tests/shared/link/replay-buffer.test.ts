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
