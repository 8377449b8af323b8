// The one range of bytes that a request may ask for: read from every header, known or nonsense.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRange } from '#edge/http/plumbing/byte-range.ts'

const size = fc.integer({ min: 0, max: 1_000 })
const place = fc.integer({ min: 0, max: 1_200 })

describe('a range of bytes', () => {
  it.each([
    ['bytes=0-9', 100, { offset: 0, length: 10 }],
    ['bytes=90-', 100, { offset: 90, length: 10 }],
    ['bytes=-10', 100, { offset: 90, length: 10 }],
    ['bytes=-1000', 100, { offset: 0, length: 100 }],
    ['bytes=0-1000', 100, { offset: 0, length: 100 }],
    ['bytes=100-', 100, 'unsatisfiable'],
    ['bytes=-0', 100, 'unsatisfiable'],
    ['bytes=0-', 0, 'unsatisfiable'],
  ])('[BLB9] %s of %i', (header, bytes, range) => {
    expect(readRange(header, bytes)).toEqual(range)
  })

  it.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=9-0',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes=a-b',
    'bytes=0.5-1',
  ])('[BLB9] %s is as if it were not there', (header) => {
    expect(readRange(header, 100)).toBeUndefined()
  })

  it('[BLB9] a range that is given lies within the file and has what was asked for of it', () => {
    fc.assert(
      fc.property(size, place, place, (bytes, first, last) => {
        const range = readRange(`bytes=${first}-${last}`, bytes)
        const within = { offset: first, length: Math.min(last, bytes - 1) - first + 1 }
        const expected = last < first ? undefined : first >= bytes ? 'unsatisfiable' : within
        expect(range).toEqual(expected)
      }),
    )
  })

  it('[BLB9] no header throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), size, (text, bytes) => {
        readRange(text, bytes)
        readRange(`bytes=${text}`, bytes)
      }),
    )
  })
})
