// How an engine of each role is made: the embedded one, or a driver of a server. Used by choose-engines.ts only.
import { invariant } from '#shared/invariant.ts'
import type { Log } from '#shared/log.ts'
import type { ServerPlan } from '#gpu-node/config/plan.ts'
import { TTS_DIALECTS } from '#gpu-node/engines/openai/dialects.ts'
import { createEspeakTts } from '#gpu-node/engines/embedded/espeak/espeak-tts.ts'
import { createFirstVoiceTts } from '#gpu-node/engines/embedded/first-voice-tts.ts'
import { createFliteTts } from '#gpu-node/engines/embedded/flite/flite-tts.ts'
import { createOpenAiLlm } from '#gpu-node/engines/openai/llm.ts'
import { createOpenAiStt } from '#gpu-node/engines/openai/stt.ts'
import { createOpenAiTts } from '#gpu-node/engines/openai/tts.ts'
import { createPocketsphinxStt } from '#gpu-node/engines/embedded/pocketsphinx/pocketsphinx-stt.ts'
import type { Llm, Stt, Tts } from './ports.ts'
import { createResponder } from '#gpu-node/engines/embedded/responder/responder.ts'
import { voiceIdOf, type VoiceSource } from './speech-cache/voice-id.ts'

export interface RoleEngines {
  llm: Llm
  stt: Stt
  tts: Tts
}

interface EmbeddedOptions {
  log: Log
  slots: number | undefined
}

export const createEmbedded: { [R in keyof RoleEngines]: (options: EmbeddedOptions) => Promise<RoleEngines[R]> } = {
  llm: () => Promise.resolve(createResponder()),
  stt: ({ log, slots }) => createPocketsphinxStt({ log, slots }),
  tts: async ({ log }) => {
    const [english, mandarin] = await Promise.all([createFliteTts({ log }), createEspeakTts({ log })])
    return createFirstVoiceTts(mandarin ? [english, mandarin] : [english])
  },
}

type CreateServed<R extends keyof RoleEngines> = (server: ServerPlan, log: Log, needs?: VoiceSource) => RoleEngines[R]

export const createServed: { [R in keyof RoleEngines]: CreateServed<R> } = {
  llm: ({ url, model, apiKey }, log) => createOpenAiLlm({ url, model, apiKey, log }),
  stt: ({ url, model, apiKey }, log) => createOpenAiStt({ url, model, apiKey, log }),
  tts: ({ url, model, apiKey, voice, languages, sampleRate, script, dialect, mode }, log, needs) => {
    invariant(voice !== undefined, 'a server of voices names one')
    return createOpenAiTts({
      url,
      model,
      apiKey,
      voice,
      languages,
      sampleRate,
      script,
      dialect: TTS_DIALECTS[dialect],
      mode,
      log,
      ...(needs && { voiceId: voiceIdOf(needs) }),
    })
  },
}
