// Engines that do what a script says, at the times of any clock: for tests of the turn, calls and benches. They keep the
// ports' promises (abort, errors, order), which tests/gpu-node/turn/scripted-engines.test.ts shows, and record how they were used.
import type { Clock } from '#shared/clock.ts'
import type { Language, Script } from '#shared/model/language.ts'
import type { Engines, Llm, LlmDelta, LlmOptions, Tts, TtsOptions, Vad } from '#gpu-node/engines/ports.ts'
import { errorOf, LOUD, pause, scripted } from './script.ts'
import type { Failure } from './script.ts'
import { createScriptedStt } from './scripted-stt.ts'
import type { ScriptedStt, ScriptedSttOptions } from './scripted-stt.ts'

export { createScriptedStt }
export type { ScriptedStt, ScriptedSttOptions }
export type { Failure }

// --- vad ---

export interface ScriptedVadOptions {
  /** Probability of the frame with this ordinal; the loudness decides without it. */
  probability?: (frame: number, samples: Float32Array) => number
  /** Called with each frame's ordinal and answer: marks the hard-end frame for a bench. */
  onFrame?: (frame: number, probability: number) => void
}

export function createScriptedVad(options: ScriptedVadOptions = {}): Vad {
  return {
    engine: scripted('vad'),
    stream() {
      let frame = 0
      return {
        push(samples) {
          const probability = options.probability?.(frame, samples) ?? (isLoud(samples) ? 1 : 0)
          options.onFrame?.(frame++, probability)
          return probability
        },
        reset() {},
      }
    },
  }
}

const isLoud = (samples: Float32Array): boolean => samples.some((sample) => Math.abs(sample) > LOUD)

// --- llm ---

export interface LlmScript {
  /** As it is streamed; a string is cut into words. */
  tokens: string | string[]
  firstTokenMs?: number
  tokenMs?: number
  usage?: { promptTokens: number; completionTokens: number }
  /** Fails after so many tokens. */
  failAfter?: number
  failure?: Failure
  /** Does not notice an abort, as a broken engine. */
  isDeaf?: boolean
}
export interface ScriptedLlmOptions {
  clock: Clock
  name?: string
  /** One a call, in order; the last goes on. A function sees the prompt. */
  replies: (string | LlmScript | ((options: LlmOptions) => string | LlmScript))[]
  firstTokenMs?: number
  tokenMs?: number
}
export interface LlmCall {
  options: LlmOptions
  askedAt: number
  tokens: number
}
export interface ScriptedLlm extends Llm {
  readonly calls: LlmCall[]
}

export function createScriptedLlm(options: ScriptedLlmOptions): ScriptedLlm {
  const calls: LlmCall[] = []
  async function* complete(request: LlmOptions): AsyncGenerator<LlmDelta> {
    const script = llmScriptOf(options, request, calls.length)
    const call: LlmCall = { options: request, askedAt: options.clock.now(), tokens: 0 }
    calls.push(call)
    const signal = script.isDeaf ? new AbortController().signal : request.signal
    const tokens = typeof script.tokens === 'string' ? wordsOf(script.tokens) : script.tokens
    signal.throwIfAborted()
    for (const text of tokens) {
      await pause(options.clock, call.tokens === 0 ? (script.firstTokenMs ?? 0) : (script.tokenMs ?? 0), signal)
      if (script.failure && call.tokens >= (script.failAfter ?? 0)) throw errorOf(script.failure)
      call.tokens++
      yield { type: 'text', text }
    }
    if (script.failure) throw errorOf(script.failure)
    if (script.usage) yield { type: 'usage', ...script.usage }
  }
  return { engine: scripted('llm', options.name), calls, complete, close: async () => {} }
}

function llmScriptOf(options: ScriptedLlmOptions, request: LlmOptions, call: number): LlmScript {
  const entry = options.replies[Math.min(call, options.replies.length - 1)] ?? 'Yes.'
  const script = typeof entry === 'function' ? entry(request) : entry
  const { firstTokenMs, tokenMs } = options
  return { firstTokenMs, tokenMs, ...(typeof script === 'string' ? { tokens: script } : script) }
}

const wordsOf = (text: string): string[] => text.match(/\s*\S+|\s+/g) ?? []

// --- tts ---

export interface ScriptedTtsOptions {
  clock: Clock
  name?: string
  canClone?: boolean
  sampleRate?: number
  script?: Script
  languages?: Language[]
  /** Length of the audio. */
  msPerChar?: number
  firstAudioMs?: number
  chunkMs?: number
  /** Time to make one chunk after the first. */
  chunkDelayMs?: number
  /** The piece with this text fails. */
  failures?: Record<string, Failure>
  /** Audio of a piece that fails, before it does. */
  failAfterMs?: number
  /** The sample at this position of all that was ever synthesised: what a test can tell gaps and repetitions by. */
  sampleAt?: (position: number) => number
}
export interface TtsCall {
  options: TtsOptions
  askedAt: number
  samples: number
}
export interface ScriptedTts extends Tts {
  readonly calls: TtsCall[]
}

export function createScriptedTts(options: ScriptedTtsOptions): ScriptedTts {
  const { clock, msPerChar = 50, firstAudioMs = 0, chunkMs = 100, chunkDelayMs = 0 } = options
  const sampleRate = options.sampleRate ?? 24_000
  const languages: Language[] = options.languages ?? ['en', 'zh']
  const calls: TtsCall[] = []
  let position = 0
  async function* synthesize(request: TtsOptions): AsyncGenerator<Int16Array> {
    const call: TtsCall = { options: request, askedAt: clock.now(), samples: 0 }
    calls.push(call)
    request.signal.throwIfAborted()
    await pause(clock, firstAudioMs, request.signal)
    const failure = options.failures?.[request.text]
    const failAfter = Math.round(((options.failAfterMs ?? 0) * sampleRate) / 1000)
    const total = Math.round(([...request.text].length * msPerChar * sampleRate) / 1000)
    const chunk = Math.max(1, Math.round((chunkMs * sampleRate) / 1000))
    while (call.samples < total) {
      if (call.samples > 0) await pause(clock, chunkDelayMs, request.signal)
      request.signal.throwIfAborted()
      if (failure && call.samples >= failAfter) throw errorOf(failure)
      const length = Math.min(chunk, total - call.samples)
      call.samples += length
      yield Int16Array.from({ length }, () => options.sampleAt?.(position++) ?? 1_000)
    }
  }
  return {
    engine: scripted('tts', options.name),
    canClone: options.canClone,
    sampleRate,
    calls,
    script: options.script,
    speaks: (language) => languages.includes(language),
    synthesize,
    close: async () => {},
  }
}

// --- all four ---

export interface ScriptedEngines extends Engines {
  stt: ScriptedStt
  llm: ScriptedLlm
  tts: ScriptedTts
}
export interface ScriptedEnginesOptions {
  vad?: ScriptedVadOptions
  stt?: Omit<ScriptedSttOptions, 'clock'>
  llm?: Omit<ScriptedLlmOptions, 'clock'>
  tts?: Omit<ScriptedTtsOptions, 'clock'>
}

export function createScriptedEngines(clock: Clock, options: ScriptedEnginesOptions = {}): ScriptedEngines {
  return {
    vad: createScriptedVad(options.vad),
    stt: createScriptedStt({ clock, utterances: ['hello there'], ...options.stt }),
    llm: createScriptedLlm({ clock, replies: ['Hello to you.'], ...options.llm }),
    tts: createScriptedTts({ clock, ...options.tts }),
  }
}
