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
import { createSileroVad } from '#gpu-node/engines/embedded/silero/silero-vad.ts'
import { markArrivals } from './arrival-marks.ts'
import { readSettings, serveParent } from './child.ts'
import { createLightEngines } from './light-engines.ts'

export interface EngineDelays {
  sttMs: number
  llmMs: number
  ttsMs: number
}

export interface NodeSettings {
  edgeUrl: string
  token: string
  slots: number
  /** Engines of these delays, with the product's VAD or one that looks for loudness; the embedded engines without it. */
  scripted?: { delays: EngineDelays; replyMs: number; vad: 'real' | 'scripted' }
  /** The engines of the environment and of gpu-node.toml. */
  isConfigured?: boolean
}

/** How much of the card is in use, from 0 to 1; null without a card. */
export type CardShare = number | null

const { edgeUrl, token, slots, scripted, isConfigured = false } = readSettings<NodeSettings>()
const dataDir = mkdtempSync(join(tmpdir(), 'parley-bench-'))
const { createTurns, takeMarks } = markArrivals(createTurnRunner)
const own = { EDGE_URL: edgeUrl, NODE_TOKEN: token, DATA_DIR: dataDir, SLOTS: String(slots) }
const config = readNodeConfig({ ...(isConfigured && process.env), ...own })
const logFile = await openLog({ name: 'gpu-node', level: 'info', folder: join(dataDir, 'logs') })
const engines = isConfigured ? runEngines(config, { clock: systemClock, log: logFile.log }) : undefined
engines?.start(() => {})
const node = await startNode(config, {
  ...engines,
  log: logFile.log,
  chooseEngines: scripted ? async () => scriptedEngines(scripted) : chooseEngines,
  createTurns: scripted ? createTurns : createTurnRunner,
})
await node.ready
await engines?.runner.start()

serveParent({
  ready: {},
  answers: { marks: takeMarks, cardShare },
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

function scriptedEngines({ delays, replyMs, vad }: NonNullable<NodeSettings['scripted']>): ChosenEngines {
  const engines = createLightEngines(delays, replyMs, vad === 'real' ? createSileroVad() : undefined)
  const infos = [engines.vad, engines.stt, engines.llm, engines.tts].map(({ engine }) => engine)
  return { engines, infos, slots, close: async () => {} }
}
