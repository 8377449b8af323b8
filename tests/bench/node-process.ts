// The GPU node of a bench: the real one, with scripted engines of given delays, with the embedded ones, or with those that this machine
// is configured for. Forked by voice-to-voice.ts, embedded.ts and engines/calls.ts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#shared/clock.ts'
import { openLog } from '#shared/on-node/log.ts'
import { chooseEngines, type ChosenEngines } from '#gpu-node/engines/choose-engines.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import { runEngines } from '#gpu-node/run-engines.ts'
import { startNode } from '#gpu-node/start-node.ts'
import { createTurnRunner } from '#gpu-node/turn/turn-runner.ts'
import { createScriptedEngines } from '#tests/fakes/scripted-engines.ts'
import { readSettings, serveParent } from './child.ts'
import { createMarkingVad } from './marking-vad.ts'

export interface EngineDelays {
  sttMs: number
  llmMs: number
  ttsMs: number
}

export interface NodeSettings {
  edgeUrl: string
  token: string
  slots: number
  /** The embedded engines without it. */
  scripted?: { delays: EngineDelays; hardEndMs: number }
  /** The engines of the environment and of gpu-node.toml. */
  isConfigured?: boolean
}

/** How much of the card is in use, from 0 to 1; null without a card. */
export type CardShare = number | null

/** Short, so that turns follow each other soon: 13 characters are 260 ms. */
const MS_PER_CHAR = 20

const { edgeUrl, token, slots, scripted, isConfigured = false } = readSettings<NodeSettings>()
const dataDir = mkdtempSync(join(tmpdir(), 'parley-bench-'))
const vad = createMarkingVad(scripted?.hardEndMs ?? 0)
const own = { EDGE_URL: edgeUrl, NODE_TOKEN: token, DATA_DIR: dataDir, SLOTS: String(slots) }
const config = readNodeConfig({ ...(isConfigured && process.env), ...own })
const logFile = await openLog({ name: 'gpu-node', level: 'info', folder: join(dataDir, 'logs') })
const engines = isConfigured ? runEngines(config, { clock: systemClock, log: logFile.log }) : undefined
engines?.start(() => {})
const node = await startNode(config, {
  ...engines,
  log: logFile.log,
  chooseEngines: scripted ? async () => scriptedEngines(scripted.delays) : chooseEngines,
  createTurns: createTurnRunner,
})
await node.ready
await engines?.runner.start()

serveParent({
  ready: {},
  answers: { marks: () => vad.takeMarks(), cardShare },
  stop: async () => {
    await node.close(AbortSignal.abort('shutdown'))
    await engines?.stop()
    await logFile.close()
    rmSync(dataDir, { recursive: true, force: true })
  },
})

function cardShare(): CardShare {
  const now = engines?.gpu.latest()
  return now ? now.usedBytes / now.totalBytes : null
}

function scriptedEngines({ sttMs, llmMs, ttsMs }: EngineDelays): ChosenEngines {
  const made = createScriptedEngines(systemClock, {
    stt: { utterances: ['how are you'], delayMs: sttMs, partials: false },
    llm: { replies: ['Fine, thanks.'], firstTokenMs: llmMs },
    tts: { firstAudioMs: ttsMs, msPerChar: MS_PER_CHAR },
  })
  const engines = { ...made, vad }
  const infos = [engines.vad, engines.stt, engines.llm, engines.tts].map(({ engine }) => engine)
  return { engines, infos, slots, close: async () => {} }
}
