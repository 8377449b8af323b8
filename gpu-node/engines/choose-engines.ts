// Chooses one engine a role: the embedded one, or a driver of an OpenAI-compatible server where one is configured.
// Called once by gpu-node/start-node.ts. Knows every engine of this folder, so that nothing else has to.
import type { Log } from '#shared/log.ts'
import type { EngineInfo } from '#shared/model/engine.ts'
import { createEspeakTts } from './espeak-tts.ts'
import { createFirstVoiceTts } from './first-voice-tts.ts'
import { createFliteTts } from './flite-tts.ts'
import { createOpenAiLlm } from './openai-llm.ts'
import { createOpenAiStt } from './openai-stt.ts'
import { createOpenAiTts } from './openai-tts.ts'
import { createPocketsphinxStt } from './pocketsphinx-stt.ts'
import type { Engines, Stt, Tts } from './ports.ts'
import { createResponder } from './responder/responder.ts'
import { createSileroVad } from './silero-vad.ts'

/** An OpenAI-compatible server that takes the place of an embedded engine. */
export interface EngineServer {
  url: string
  model: string
  apiKey: string | undefined
}

/** Undefined where the embedded engine is wanted. */
export interface EngineSettings {
  /** Sessions at once; the embedded recogniser gets a thread for each. As many as the cores carry when undefined. */
  slots: number | undefined
  llm: EngineServer | undefined
  stt: EngineServer | undefined
  tts: (EngineServer & { voice: string }) | undefined
}

export interface ChosenEngines {
  engines: Engines
  /** What the node says of itself. */
  infos: EngineInfo[]
  /** Sessions that these engines can carry at once. */
  slots: number
  close(): Promise<void>
}

/** Sessions of a node whose recogniser queues by itself: what one card of 24 GB carries with whisper, F5-TTS and a small LLM. */
const SERVED_SLOTS = 5

export async function chooseEngines(settings: EngineSettings, log: Log): Promise<ChosenEngines> {
  const vad = createSileroVad()
  const llm = settings.llm ? createOpenAiLlm({ ...settings.llm, log }) : createResponder()
  const [stt, tts] = await Promise.all([chooseStt(settings, log), chooseTts(settings, log)])
  const engines = { vad, stt, llm, tts }
  return {
    engines,
    infos: [vad, stt, llm, tts].map(({ engine }) => engine),
    slots: settings.slots ?? stt.slots ?? SERVED_SLOTS,
    close: async () => {
      await Promise.all([stt.close(), llm.close(), tts.close()])
    },
  }
}

async function chooseStt({ stt, slots }: EngineSettings, log: Log): Promise<Stt> {
  return stt ? createOpenAiStt({ ...stt, log }) : createPocketsphinxStt({ log, slots })
}

async function chooseTts({ tts }: EngineSettings, log: Log): Promise<Tts> {
  if (tts) return createOpenAiTts({ ...tts, languages: ['en', 'zh'], script: 'hans', log })
  const [english, mandarin] = await Promise.all([createFliteTts({ log }), createEspeakTts({ log })])
  return createFirstVoiceTts(mandarin ? [english, mandarin] : [english])
}
