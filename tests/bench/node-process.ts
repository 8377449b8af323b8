// The GPU node of a bench: the real one, with scripted engines of given delays or with the embedded ones. Forked by
// voice-to-voice.ts and embedded.ts.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '#shared/clock.ts'
import { openLog } from '#shared/on-node/log.ts'
import { chooseEngines, type ChosenEngines } from '#gpu-node/engines/choose-engines.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
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
}

/** Short, so that turns follow each other soon: 13 characters are 260 ms. */
const MS_PER_CHAR = 20

const { edgeUrl, token, slots, scripted } = readSettings<NodeSettings>()
const dataDir = mkdtempSync(join(tmpdir(), 'parley-bench-'))
const vad = createMarkingVad(scripted?.hardEndMs ?? 0)
const config = readNodeConfig({ EDGE_URL: edgeUrl, NODE_TOKEN: token, DATA_DIR: dataDir, SLOTS: String(slots) })
const logFile = await openLog({ name: 'gpu-node', level: 'info', folder: join(dataDir, 'logs') })
const node = await startNode(config, {
  log: logFile.log,
  chooseEngines: scripted ? async () => scriptedEngines(scripted.delays) : chooseEngines,
  createTurns: createTurnRunner,
})
await node.ready

serveParent({
  ready: {},
  answers: { marks: () => vad.takeMarks() },
  stop: async () => {
    await node.close(AbortSignal.abort('shutdown'))
    await logFile.close()
    rmSync(dataDir, { recursive: true, force: true })
  },
})

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
