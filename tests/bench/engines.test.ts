// The bench of the configured engines, at its least load: over the embedded ones, over a server that is another one, and over none.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { writeWav } from '#shared/audio/wav.ts'
import { createScriptedSmi } from '#tests/fakes/scripted-smi.ts'
import { benchEngines } from './engines.ts'
import { callRow } from './engines/calls.ts'
import { readRecordings } from './engines/recordings.ts'
import { aimsOf, cellsOf, rowOf, verdictOf } from './engines/rows.ts'
import { TARGETS } from './engines/targets.ts'
import { enginesLoad, OPTIONS } from './options.ts'
import { printReport, type Report } from './report.ts'

const BENCH_TIMEOUT_MS = 60_000
const LEAST = { alone: { seconds: [1], utterances: 1, repetitions: 2 } }
/** No file of the folder that the test runs in. */
const environment = {
  ...process.env,
  GPU_NODE_CONFIG: undefined,
  LLM_URL: undefined,
  STT_URL: undefined,
  TTS_URL: undefined,
}

describe('bench of the configured engines', () => {
  const folders: string[] = []
  const folder = (): string => {
    const made = mkdtempSync(join(tmpdir(), 'parley-wavs-'))
    folders.push(made)
    return made
  }
  afterEach(() => {
    for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true })
  })

  it(
    '[BEN11] measures each engine alone and in calls, names it, and says beside each figure what it should be',
    async () => {
      const told: string[] = []
      const calls = { sessions: [1], turns: 1, soakMinutes: 0 }
      const report = await benchEngines({ ...LEAST, calls }, { environment, tell: (line) => told.push(line) })
      expect(named(report, 'transcription of 1 s')).toMatchObject({
        engine: 'pocketsphinx@5prealpha-wasm (demonstration)',
        n: 1,
      })
      expect(named(report, 'first token')).toMatchObject({
        n: 2,
        target: 'p95 < 800 ms',
        // Which of the two is the machine's: how a figure is judged has a test of its own.
        verdict: expect.stringMatching(/^(met|missed)$/),
        earlier: '33–43',
      })
      expect(Number(named(report, 'fast voice, en: first audio')['p50'])).toBeGreaterThan(0)
      expect(named(report, 'memory of the card')).toMatchObject({ verdict: null })
      // The silence that ends an utterance is in it.
      expect(Number(named(report, 'voice to voice, 1 at once')['p50'])).toBeGreaterThan(400)
      const errors = Number(named(report, 'word errors, en')['p50'])
      expect(errors).toBeLessThan(25)
      expect(report.aims.length).toBeGreaterThan(3)
      expect(printReport(report)).toContain('p50 < 300 ms')
      expect(told).toContain('replies …')
    },
    BENCH_TIMEOUT_MS,
  )

  it(
    '[BEN12] a server that does not answer is named while it is waited for, and ends the bench after its time',
    async () => {
      const told: string[] = []
      const dead = { ...environment, LLM_URL: 'http://127.0.0.1:9', LLM_MODEL: 'missing' }
      const wait = { managedMs: 3_000, attachedMs: 3_000, everyMs: 500 }
      const measured = benchEngines(LEAST, { environment: dead, tell: (line) => told.push(line), wait })
      await expect(measured).rejects.toThrow(/^no answer within 3 s: .*llm missing@/)
      expect(told[0]).toMatch(/^waiting for .*llm missing@/)
    },
    BENCH_TIMEOUT_MS,
  )

  it(
    '[BEN12] another engine that answers in the place of the wanted one ends the bench, which names both',
    async () => {
      const file = join(folder(), 'gpu-node.toml')
      writeFileSync(file, WITH_A_DEAD_FIRST)
      const measured = benchEngines(LEAST, { environment: { ...environment, GPU_NODE_CONFIG: file }, tell: () => {} })
      await expect(measured).rejects.toThrow(/^llm: parley-responder@1 answered in the place of missing@/)
    },
    BENCH_TIMEOUT_MS,
  )

  it(
    '[BEN11] measures the mode for which an engine is configured, and the card where there is one',
    async () => {
      const smi = createScriptedSmi({ card: `while echo '${HALF_USED}'; do sleep 0.2; done` })
      const file = join(folder(), 'gpu-node.toml')
      writeFileSync(file, '[roles]\n"tts.hq" = ["embedded"]\n')
      const own = { ...environment, GPU_NODE_CONFIG: file, NVIDIA_SMI_BIN: smi.program }
      try {
        const report = await benchEngines(LEAST, { environment: own, tell: () => {} })
        expect(named(report, 'hq voice, en: first audio')).toMatchObject({ engine: 'flite@2.3', n: 2 })
        expect(named(report, 'memory of the card')).toMatchObject({
          p95: '50.0',
          verdict: 'met',
          earlier: '11.12 of 24 GB',
        })
      } finally {
        smi.remove()
      }
    },
    BENCH_TIMEOUT_MS,
  )

  it('[BEN13] recordings are read with their words, at the rate of the engines; one without them is named', () => {
    const wavs = folder()
    writeFileSync(join(wavs, 'a.wav'), writeWav(new Int16Array(48_000), 48_000))
    writeFileSync(join(wavs, 'a.txt'), ' 你好。\n')
    const [one] = readRecordings(wavs)
    expect(one).toMatchObject({ name: 'a.wav', text: '你好。', language: 'zh' })
    expect(one?.pcm.length).toBe(16_000)
    writeFileSync(join(wavs, 'b.wav'), writeWav(new Int16Array(10), 16_000))
    expect(() => readRecordings(wavs)).toThrow(/b\.txt: is missing/)
    const empty = join(wavs, 'empty')
    mkdirSync(empty)
    expect(() => readRecordings(empty)).toThrow(/no \.wav file/)
  })

  it('[BEN11] a figure is judged by its target, and not at all where there is none, no value or a remark', () => {
    const facts = { measured: 'first token', engine: 'x@1' }
    expect(verdictOf(rowOf([700, 700], { ...facts, target: TARGETS.firstToken }))).toBe('met')
    expect(verdictOf(rowOf([700, 900], { ...facts, target: TARGETS.firstToken }))).toBe('missed')
    expect(verdictOf(rowOf([900], facts))).toBeUndefined()
    expect(verdictOf(rowOf([], { ...facts, target: TARGETS.firstToken }))).toBeUndefined()
    expect(verdictOf(rowOf([900], { ...facts, target: TARGETS.firstToken, remark: 'needs 100' }))).toBeUndefined()
  })

  it('[BEN12] no aim of a call is met where a turn failed, or another engine stood in', () => {
    const facts = { measured: 'voice to voice, 5 at once', engine: 'x@1', target: TARGETS.voiceToVoice }
    const good = { tookMs: [600, 700], failed: [], degraded: 0, peakShare: undefined }
    expect(verdictOf(callRow(facts, good))).toBe('met')
    for (const bad of [{ failed: ['no reply in time'] }, { degraded: 1 }, { tookMs: [], failed: ['refused'] }])
      expect(verdictOf(callRow(facts, { ...good, ...bad }))).toBe('missed')
    const row = callRow(
      { ...facts, target: TARGETS.soak },
      { ...good, failed: ['no reply in time', 'refused'], degraded: 1 },
    )
    const failure = '2 turns failed (no reply in time), 1 times degraded'
    expect(cellsOf(row)).toContain(failure)
    expect(aimsOf([row])).toMatchObject([{ isMet: false, got: expect.stringContaining(failure) }])
  })

  it('[BEN14] what stands on the command line is taken, and what is wrong in it is named', () => {
    const given = { short: true, out: OPTIONS.out.default }
    expect(enginesLoad({ ...given, sessions: '3,5', turns: '40', soak: '30' }).calls).toEqual({
      sessions: [3, 5],
      turns: 40,
      soakMinutes: 30,
    })
    expect(() => enginesLoad({ ...given, sessions: '3,x' })).toThrow('--sessions')
    expect(() => enginesLoad({ ...given, turns: '0' })).toThrow('--turns')
    expect(() => enginesLoad({ ...given, key: 'key.json' })).toThrow('--ratings')
  })
})

/** A line of nvidia-smi: 12,282 of 24,564 MiB. */
const HALF_USED = '0, 24564, 12282, 37, 61, 212.34, 580.95.05, NVIDIA GeForce RTX 4090'

const WITH_A_DEAD_FIRST = `
[roles]
llm = ["missing", "embedded"]

[engines.missing]
kind = "attached"
url = "http://127.0.0.1:9"
model = "missing"
`

/** A row by its first cell, as an object of its columns. */
function named(report: Report, measured: string): Record<string, string | number | null> {
  const row = report.rows.find(([first]) => first === measured) ?? []
  return Object.fromEntries(report.columns.map(({ name }, at) => [name, row[at] ?? null]))
}
