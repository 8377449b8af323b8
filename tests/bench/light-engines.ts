// Engines of known delays that cost next to nothing, so that what a bench measures is the product: no record of calls, no work
// a sample. Used by node-process.ts. (Those of tests/fakes keep each call, which is memory, and look at each sample.)
import { systemClock } from '#shared/clock.ts'
import type { EngineInfo, EngineRole } from '#shared/model/engine.ts'
import type { Engines, Llm, Stt, Tts, Vad } from '#gpu-node/engines/ports.ts'
import type { EngineDelays } from './node-process.ts'

/** What the caller is understood to have said, whatever it was. */
const HEARD = 'how are you'
/** Three sentences, streamed by the word. */
const REPLY = 'I am fine, thank you. It was a long day. And how was yours?'.match(/\s*\S+/g) ?? []
const REPLY_CHARS = REPLY.join('').length
const OUTPUT_RATE = 24_000
const CHUNK_SAMPLES = OUTPUT_RATE / 10
/** A sample of each hundred tells whether a frame is speech: that of the bench is loud all through. */
const LOOK_EVERY = 100
const LOUD = 0.05

const info = (role: EngineRole): EngineInfo => ({ role, name: `light-${role}`, version: '1', demonstration: true })
const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
  signal.throwIfAborted()
  if (ms > 0) await systemClock.sleep(ms, signal)
}

/** `replyMs`: how long a reply sounds. `vad`: the real one, where it is part of what is measured. */
export function createLightEngines(delays: EngineDelays, replyMs: number, vad: Vad = loudnessVad()): Engines {
  const { sttMs, llmMs, ttsMs } = delays
  return { vad, stt: lightStt(sttMs), llm: lightLlm(llmMs), tts: lightTts(ttsMs, replyMs / REPLY_CHARS) }
}

function loudnessVad(): Vad {
  return {
    engine: info('vad'),
    stream: () => ({
      push(frame) {
        for (let i = 0; i < frame.length; i += LOOK_EVERY) if (Math.abs(frame[i] ?? 0) > LOUD) return 1
        return 0
      },
      reset() {},
    }),
  }
}

/** As real ones do, it does not recognise the same audio twice: what a snapshot answered is the final text at once. */
function lightStt(delayMs: number): Stt {
  return {
    engine: info('stt'),
    async open({ signal }) {
      signal.throwIfAborted()
      let samples = 0
      let answered: { samples: number; text: Promise<string> } | undefined
      const recognize = (): Promise<string> => {
        if (answered?.samples !== samples) answered = { samples, text: wait(delayMs, signal).then(() => HEARD) }
        return answered.text
      }
      return {
        push: (pcm) => void (samples += pcm.length),
        snapshot: recognize,
        finish: recognize,
        close() {},
      }
    },
    close: async () => {},
  }
}

function lightLlm(firstTokenMs: number): Llm {
  return {
    engine: info('llm'),
    async *complete({ signal }) {
      await wait(firstTokenMs, signal)
      for (const text of REPLY) yield { type: 'text', text }
    },
    close: async () => {},
  }
}

function lightTts(firstAudioMs: number, msPerChar: number): Tts {
  return {
    engine: info('tts'),
    sampleRate: OUTPUT_RATE,
    speaks: () => true,
    async *synthesize({ text, signal }) {
      await wait(firstAudioMs, signal)
      let left = Math.round((text.length * msPerChar * OUTPUT_RATE) / 1000)
      for (; left > 0; left -= CHUNK_SAMPLES) {
        signal.throwIfAborted()
        yield new Int16Array(Math.min(left, CHUNK_SAMPLES)).fill(1_000)
      }
    },
    close: async () => {},
  }
}
