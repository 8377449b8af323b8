// The node's drivers against the real Python workers, each a process of its own with a tiny model of random weights.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import * as v from 'valibot'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOpenAiStt } from '#gpu-node/engines/openai/stt.ts'
import { createOpenAiTts } from '#gpu-node/engines/openai/tts.ts'
import { FaultError } from '#shared/fault.ts'
import { silentLog } from '#shared/log.ts'
import { findEngines } from '#tests/tooling/engines-environment.ts'

const WORKERS = 'gpu-node/engines/python'
/** Importing torch takes a busy machine half a minute. */
const START_TIMEOUT_MS = 120_000
const Flags = v.object({ stt: v.array(v.string()), tts: v.array(v.string()) })

const engines = findEngines()
const running: ChildProcess[] = []
const folder = mkdtempSync(join(tmpdir(), 'parley-tiny-'))

async function startWorker(script: string, flags: string[]): Promise<string> {
  const args = [join(WORKERS, script), '--device', 'cpu', '--cpu-threads', '1', ...flags]
  const child = spawn(engines?.python ?? '', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  running.push(child)
  const said: string[] = []
  for await (const line of createInterface({ input: child.stderr })) {
    said.push(line)
    const url = /listening on (http:\S+)/.exec(line)?.[1]
    if (url) return url
  }
  throw new Error(`the worker ended: ${said.join('\n')}`)
}

describe.skipIf(!engines?.hasF5)('the drivers and the Python workers', () => {
  let urls: { stt: string; tts: string }

  beforeAll(async () => {
    const made = spawnSync(engines?.python ?? '', ['tests/gpu-node/engines/python/make_tiny_models.py', folder], {
      encoding: 'utf8',
    })
    const flags = v.parse(Flags, JSON.parse(made.stdout))
    const [stt, tts] = await Promise.all([
      startWorker('faster_whisper_worker.py', flags.stt),
      startWorker('f5_tts_worker.py', flags.tts),
    ])
    urls = { stt, tts }
  }, START_TIMEOUT_MS)

  afterAll(() => {
    for (const child of running) child.kill()
    rmSync(folder, { recursive: true, force: true })
  })

  const signal = () => new AbortController().signal
  const noise = (samples: number) => Int16Array.from({ length: samples }, (_, at) => ((at * 7919) % 4001) - 2000)

  it('[PYS8] an utterance is recognised as a stream, and its text is what the worker says without one', async () => {
    const texts: string[] = []
    for (const stream of [true, false]) {
      const stt = createOpenAiStt({ url: urls.stt, model: 'tiny', log: silentLog, stream, partialEveryMs: 0 })
      const heard = await stt.open({ language: 'zh', signal: signal() })
      heard.push(noise(32_000))
      texts.push(await heard.finish())
    }
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]?.length).toBeGreaterThan(0)
  })

  it('[PYS8] partial texts come while the caller speaks', async () => {
    const partial = Promise.withResolvers<string>()
    const stt = createOpenAiStt({ url: urls.stt, model: 'tiny', log: silentLog })
    const heard = await stt.open({ language: 'en', signal: signal(), onPartial: partial.resolve })
    heard.push(noise(16_000))
    expect((await partial.promise).length).toBeGreaterThan(0)
    heard.close()
  })

  const speaker = () =>
    createOpenAiTts({ url: urls.tts, model: 'f5-tts:fast', voice: 'ada', languages: ['en', 'zh'], log: silentLog })
  const speak = async (text: string, voice?: string): Promise<number> => {
    let samples = 0
    for await (const pcm of speaker().synthesize({ text, language: 'en', voice, signal: signal() }))
      samples += pcm.length
    return samples
  }

  it('[PYT21] a text is spoken at 24 kHz, in the default voice and in another', async () => {
    const [ada, bo] = [await speak('Some words to say.'), await speak('Some words to say.', 'bo')]
    // The references have the same words and last 2 and 3 s, so what is said lasts as 2 to 3.
    expect(bo / ada).toBeCloseTo(1.5, 1)
  })

  it('[PYT21] a voice that is not there is engine_failed, and not transient', async () => {
    const refused = await speak('Some words to say.', 'nobody').catch((thrown: unknown) => thrown)
    expect(refused).toBeInstanceOf(FaultError)
    expect((refused as FaultError).fault).toMatchObject({ code: 'engine_failed', stage: 'tts', transient: false })
  })
})
