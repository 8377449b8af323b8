// How servers of OpenAI's API differ, as data: what each wants beside the common fields, and what it can. Recognition needs no entry:
// the type of an answer tells its form. Knows no request.
import type { Dialect } from '#gpu-node/config/plan.ts'
import type { Language } from '#shared/model/language.ts'

export interface TtsDialect {
  /** Speaks in the voice of a recording: `ref_audio` and `ref_text`. */
  canClone?: true
  /** Takes `mode`: fast or hq. */
  hasModes?: true
  /** Sent along with each piece. */
  fields?(piece: { language: Language; isCloned: boolean; sampleRate: number }): Record<string, string | number>
}

export const TTS_DIALECTS: Readonly<Record<Dialect, TtsDialect>> = {
  openai: {},
  vllm: {},
  /** Our own workers, gpu-node/engines/python. */
  parley: { canClone: true, hasModes: true },
  /** vllm-omni, docs/serving/speech_api.md: Qwen3-TTS asks for the kind of voice and the language by name. */
  'vllm-omni': {
    canClone: true,
    fields: ({ language, isCloned }) => ({
      task_type: isCloned ? 'Base' : 'CustomVoice',
      language: language === 'zh' ? 'Chinese' : 'English',
    }),
  },
  /** Kokoro-FastAPI: without its code the voice's own language is read, whatever the words. */
  kokoro: { fields: ({ language }) => ({ lang_code: language === 'zh' ? 'z' : 'a' }) },
  /** speaches resamples to what it is told. */
  speaches: { fields: ({ sampleRate }) => ({ sample_rate: sampleRate }) },
}
