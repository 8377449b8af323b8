// The blind listening test: its order gives nothing away, the page is filled in by a real browser, and ratings and key give the marks back.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { chromium } from 'playwright-core'
import { afterAll, describe, expect, it } from 'vitest'
import { writeWav } from '#shared/audio/wav.ts'
import { findChromium } from '#tests/tooling/machine.ts'
import { listeningReport, readMarks } from './listen.ts'
import { pageOf } from './listen/page.ts'
import { KINDS, marksByKind, scoreOf, shuffled, type Sample } from './listen/sheet.ts'

const wav = writeWav(new Int16Array(240), 24_000)
const samples = (count: number): Sample[] =>
  Array.from({ length: count }, (_, at) => ({ kind: KINDS[at % 3] ?? 'fast', text: `sentence ${at} <b>`, wav }))

describe('listening test', () => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-listen-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('[BEN15] any order keeps every sample once, and the key gives each mark back to its kind', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.infiniteStream(fc.double({ min: 0, max: 0.999, noNaN: true })),
        (count, numbers) => {
          const { shown, key } = shuffled(samples(count), 'abc', () => numbers.next().value)
          expect(shown.map(({ text }) => text).toSorted()).toEqual(
            samples(count)
              .map(({ text }) => text)
              .toSorted(),
          )
          // Rated by what its kind is worth: then each kind has just that mark.
          const worth = { fast: 3, hq: 7, reference: 10 }
          const marks = Object.fromEntries(Object.entries(key.kinds).map(([number, kind]) => [number, worth[kind]]))
          for (const [kind, given] of Object.entries(marksByKind([{ test: 'abc', marks }], key)))
            expect(new Set(given)).toEqual(new Set([worth[kind as keyof typeof worth]]))
        },
      ),
    )
  })

  it('[BEN15] the page says nothing of what is heard', () => {
    const { shown } = shuffled(samples(6), 'abc', Math.random)
    const page = pageOf(shown, 'abc')
    expect(page).not.toMatch(/\b(fast|hq|reference)\b/i)
    expect(page).not.toMatch(/https?:/)
    expect(page).toContain('&lt;b&gt;')
  })

  it('[BEN15] mean and spread are those of the marks, and a voice is held against its aim', () => {
    expect(scoreOf([6, 8])).toEqual({ n: 2, mean: 7, spread: Math.SQRT2 })
    expect(scoreOf([5])).toEqual({ n: 1, mean: 5, spread: 0 })
    const report = listeningReport({ fast: [6, 7], hq: [8], reference: [10] })
    expect(report.rows.map(([kind, n, mean]) => [kind, n, mean])).toEqual([
      ['fast', 2, 6.5],
      ['hq', 1, 8],
      ['reference', 1, 10],
    ])
    expect(report.aims.map(({ isMet }) => isMet)).toEqual([false, true])
  })

  it('[BEN15] ratings of another test, an unknown sample or a mark beyond the scale are refused', () => {
    const key = { test: 'abc', kinds: { '1': 'hq' as const } }
    expect(() => marksByKind([{ test: 'other', marks: {} }], key)).toThrow(/are of the test other/)
    expect(() => marksByKind([{ test: 'abc', marks: { '2': 5 } }], key)).toThrow(/knows no sample 2/)
    writeFileSync(join(folder, 'key.json'), JSON.stringify(key))
    writeFileSync(join(folder, 'ratings.json'), JSON.stringify({ test: 'abc', marks: { '1': 11 } }))
    expect(() => readMarks(join(folder, 'key.json'), [join(folder, 'ratings.json')])).toThrow(/ratings\.json: marks\.1/)
  })

  it.skipIf(findChromium() === undefined)(
    '[BEN16] a listener rates every sample in a browser and keeps a file that is read',
    async () => {
      const { shown, key } = shuffled(samples(3), 'abc', Math.random)
      writeFileSync(join(folder, 'page.html'), pageOf(shown, 'abc'))
      writeFileSync(join(folder, 'key.json'), JSON.stringify(key))
      const browser = await chromium.launch({ executablePath: findChromium(), args: ['--no-sandbox'] })
      try {
        const page = await browser.newPage()
        await page.goto(pathToFileURL(join(folder, 'page.html')).href)
        // What is heard is the sample itself: 240 samples of 24 kHz.
        const seconds = await page
          .locator('audio')
          .first()
          .evaluate(async (audio: HTMLAudioElement) => {
            audio.load()
            await new Promise((resolve) => audio.addEventListener('loadedmetadata', resolve, { once: true }))
            return audio.duration
          })
        expect(seconds).toBeCloseTo(0.01, 3)
        const keep = page.getByRole('button', { name: 'Keep the ratings' })
        for (const [at, mark] of [4, 9, 10].entries()) {
          expect(await keep.isDisabled()).toBe(true)
          await page
            .getByRole('group', { name: `Sample ${at + 1}` })
            .getByLabel(`${mark}`, { exact: true })
            .check()
        }
        const [download] = await Promise.all([page.waitForEvent('download'), keep.click()])
        const file = join(folder, 'kept.json')
        await download.saveAs(file)
        expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ test: 'abc', marks: { '1': 4, '2': 9, '3': 10 } })
        const marks = readMarks(join(folder, 'key.json'), [file])
        expect(
          Object.values(marks)
            .flat()
            .toSorted((a, b) => a - b),
        ).toEqual([4, 9, 10])
      } finally {
        await browser.close()
      }
    },
  )
})
