// The clients that the documentation shows, run as their readers would run them: real speech, a real edge and a real node with
// the embedded engines. The complete ones lose their socket in the middle of an utterance and in the middle of a reply.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import { chooseEngines } from '#gpu-node/engines/choose-engines.ts'
import { startNode } from '#gpu-node/start-node.ts'
import { createTurnRunner } from '#gpu-node/turn/turn-runner.ts'
import { concatPcm } from '#shared/audio/pcm.ts'
import { resamplePcm } from '#shared/audio/resample.ts'
import { writeWav } from '#shared/audio/wav.ts'
import { silentLog } from '#shared/log.ts'
import { startCallWorld, type CallWorld } from '#tests/call/call-world.ts'
import { layWires } from '#tests/fakes/wires.ts'
import { say, silence } from '#tests/gpu-node/engines/embedded/spoken.ts'
import { findPythonWithWebsockets } from '#tests/tooling/machine.ts'

/** How long each call lasts at least. A link that nobody acknowledges is full after 60 s: 90 show that it is not. */
const SECONDS = Number(process.env['EXAMPLE_SECONDS'] ?? 3)
const RATE = 16_000
const TIMEOUT_MS = (SECONDS + 90) * 1000

interface Run {
  lines: string[]
  /** Resolves with the next line that fits. */
  next(pattern: RegExp): Promise<string>
  exit: Promise<number>
}

/** The program, as a reader starts it. */
function run(command: string, args: string[]): Run {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  const waiting: Array<{ pattern: RegExp; resolve: (line: string) => void }> = []
  createInterface(child.stdout).on('line', (line) => {
    lines.push(line)
    const [first] = waiting
    if (first?.pattern.test(line)) waiting.shift()?.resolve(line)
  })
  return {
    lines,
    next: (pattern) => new Promise((resolve) => waiting.push({ pattern, resolve })),
    exit: once(child, 'close').then(([code]) => Number(code)),
  }
}

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const python = findPythonWithWebsockets()
const PROGRAMS = [
  { language: 'JavaScript', command: process.execPath, options: [], ending: 'js' },
  { language: 'Python', command: python, options: ['-u'], ending: 'py' },
]

describe('the examples', () => {
  let world: CallWorld
  let recordings: string[]
  const folder = mkdtempSync(join(tmpdir(), 'parley-examples-'))
  const stops: Array<() => Promise<void>> = []
  beforeAll(async () => {
    world = await startCallWorld({ nodes: [] })
    stops.push(() => world.close())
    stops.push(await startEmbeddedNode(world, folder))
    const tts = await createFliteTts({ log: silentLog, workers: 1 })
    const question = async (name: string, text: string, leadMs: number): Promise<string> => {
      const spoken = resamplePcm(await say(tts, text, 'rms'), tts.sampleRate, RATE)
      const file = join(folder, name)
      writeFileSync(file, writeWav(concatPcm([silence(leadMs), spoken]), RATE))
      return file
    }
    recordings = [
      await question('time.wav', 'What time is it?', 500),
      await question('name.wav', 'What is your name?', SECONDS * 1000),
    ]
    await tts.close()
  })
  afterAll(async () => {
    for (const stop of stops.toReversed()) await stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** Two questions were understood, and every sample of both replies came, once. */
  function expectTwoTurns({ lines }: Run): void {
    expect(lines.filter((line) => /^You: ./.test(line))).toHaveLength(2)
    expect(lines.filter((line) => /^ {4}\S/.test(line)).length).toBeGreaterThanOrEqual(2)
    const ends = lines.filter((line) => line.includes('samples'))
    expect(ends).toHaveLength(2)
    for (const end of ends) expect(end).toMatch(/^\(complete, ([1-9]\d*) of \1 samples\)$/)
  }

  // Two at a time: recognising speech is work for a small machine.
  describe.each(PROGRAMS)('in $language', ({ command, options, ending }) => {
    const start = (name: string, url: string): Run =>
      run(command ?? '', [...options, path(`${name}.${ending}`), url, world.key, ...recordings])

    it.skipIf(command === undefined)(
      '[EXA6] the minimal client has a call of two turns and acknowledges nothing',
      { concurrent: true, timeout: TIMEOUT_MS },
      async () => {
        const call = start('minimal', world.edge.url)
        expect(await call.exit).toBe(0)
        expectTwoTurns(call)
      },
    )

    it.skipIf(command === undefined)(
      '[EXA7] the complete client loses no word where its socket is cut in an utterance and in a reply',
      { concurrent: true, timeout: TIMEOUT_MS },
      async () => {
        const wires = await layWires(world.edge.url)
        // All that it has open: Node resumes on a connection that an HTTP request left behind, where there is one.
        const cut = (): void => expect(wires.cut()).toBeGreaterThan(0)
        const call = start('complete', wires.url)
        await call.next(/hearing you/)
        cut()
        await call.next(/^ready/)
        await call.next(/^ {4}\S/)
        cut()
        await call.next(/^ready/)
        expect(await call.exit).toBe(0)
        await wires.close()
        expectTwoTurns(call)
        expect(call.lines.filter((line) => line === 'reconnecting').length).toBeGreaterThanOrEqual(2)
        expect(call.lines.at(-1)).toBe('ended: caller')
      },
    )
  })
})

async function startEmbeddedNode(world: CallWorld, dataDir: string): Promise<() => Promise<void>> {
  const { token } = await world.edge.store.nodes.addNode({ name: 'examples', now: Date.now() })
  const settings = { EDGE_URL: world.edge.url, NODE_TOKEN: token, DATA_DIR: dataDir, SLOTS: '4' }
  const parts = { log: silentLog, chooseEngines, createTurns: createTurnRunner }
  const node = await startNode(readNodeConfig(settings), parts)
  await node.ready
  return () => node.close(AbortSignal.abort('shutdown'))
}
