// Whose speech a cache may give out: not that of the recording that stood there before.
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTtsChain } from '#gpu-node/engines/chain/tts-chain.ts'
import { createOpenAiTts } from '#gpu-node/engines/openai/tts.ts'
import { createCachedTts } from '#gpu-node/engines/speech-cache/cached-tts.ts'
import { voiceIdOf } from '#gpu-node/engines/speech-cache/voice-id.ts'
import { silentLog } from '#shared/log.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

describe('the id of a voice', () => {
  let folder: string
  let requirements: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-voice-id-'))
    requirements = join(folder, 'requirements.txt')
    writeFileSync(requirements, 'f5-tts==1.1.9')
    for (const name of ['default', 'anna']) put(name, 'one')
  })
  afterEach(() => rmSync(folder, { recursive: true }))

  function put(voice: string, words: string, at = 1_000): void {
    for (const kind of ['wav', 'txt']) {
      const file = join(folder, `${voice}.${kind}`)
      writeFileSync(file, words)
      utimesSync(file, at, at)
    }
  }
  /** As chooseEngines puts them together. */
  function idOf(voice: string, asked?: string): string | undefined {
    const voiceId = voiceIdOf({ voices: folder, requirements })
    const server = { url: 'http://127.0.0.1:9', model: 'f5', languages: ['en'], log: silentLog } as const
    const engine = createOpenAiTts({ ...server, voice, voiceId })
    const member = { name: 'f5', engine, state: () => 'ready' as const, queueWaitMs: () => undefined }
    const rest = { hq: [], maxQueueMs: 1, isCardFull: () => false, log: silentLog, clock: createVirtualClock() }
    return createCachedTts(createTtsChain({ fast: [member], ...rest }), undefined as never).voiceId?.(asked, 'fast')
  }

  it('[SPC1] is another one for another default voice, another recording, and other packages', () => {
    const first = idOf('default')
    expect(idOf('default')).toBe(first)
    expect(idOf('default', 'default')).toBe(first)
    expect(idOf('anna')).not.toBe(first)
    expect(idOf('anna', 'default')).toBe(first)
    put('default', 'one', 2_000)
    const again = idOf('default')
    expect(again).not.toBe(first)
    put('default', 'other', 2_000)
    expect(idOf('default')).not.toBe(again)
    const before = idOf('default')
    writeFileSync(requirements, 'f5-tts==1.2.0')
    expect(idOf('default')).not.toBe(before)
  })
})
