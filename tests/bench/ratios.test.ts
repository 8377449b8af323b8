// When the benches of CI fail: only a figure that is far beyond its baseline twice.
import { describe, expect, it } from 'vitest'
import type { Report } from './report.ts'
import { benchRatios, type Kind } from './ratios.ts'

const NO_TABLE: Report = { title: '', baseline: '', columns: [], rows: [], notes: [], aims: [] }

/** A bench that measures these values, one a run. */
function scripted(values: number[]): { kind: Kind; runs: () => number } {
  let runs = 0
  return {
    kind: {
      name: 'scripted',
      run: async () => ({ ...NO_TABLE, rows: [[values[runs++] ?? NaN]] }),
      figures: { cost: ({ rows }) => Number(rows[0]?.[0]) },
    },
    runs: () => runs,
  }
}

describe('ratios to the baseline', () => {
  it.each([
    ['within', [29], { isWithin: true, runs: 1 }],
    ['beyond in one run only', [31, 12], { isWithin: true, runs: 2 }],
    ['beyond in two runs', [31, 40], { isWithin: false, runs: 2 }],
  ])('[BEN22] a figure %s', async (_, values, expected) => {
    const { kind, runs } = scripted(values)
    const { report, isWithin } = await benchRatios({ kinds: [kind], baseline: { 'scripted: cost': 10 }, unitMs: 1 })
    expect({ isWithin, runs: runs() }).toEqual(expected)
    expect(report.aims.map(({ isMet }) => isMet)).toEqual([expected.isWithin])
    expect(report.rows).toEqual([['scripted: cost', 10, Math.min(...values), Math.min(...values) / 10, expected.runs]])
  })

  it('[BEN22] a bench without a figure fails, and one without a baseline is told', async () => {
    const options = { baseline: {}, unitMs: 1 }
    await expect(benchRatios({ ...options, kinds: [scripted([NaN]).kind] })).rejects.toThrow('gave no figure')
    const { report, isWithin } = await benchRatios({ ...options, kinds: [scripted([5]).kind] })
    expect([report.rows, isWithin]).toEqual([[['scripted: cost', null, 5, null, 1]], true])
  })
})
