// A finished turn with plain facts; a test gives those that it is about.
import { newId } from '#shared/ids.ts'
import type { TurnRecord } from '#shared/model/turn.ts'

export function turnRecord(facts: Partial<TurnRecord> = {}): TurnRecord {
  return {
    id: newId('turn'),
    turn: 1,
    source: 'speech',
    status: 'complete',
    language: 'en',
    utteranceText: 'hello',
    correctedText: null,
    replyText: 'Hello there.',
    heardText: 'Hello there.',
    engines: { llm: 'scripted@1' },
    timings: {
      endpointMs: 500,
      sttMs: 0,
      llmFirstTokenMs: null,
      ttsFirstAudioMs: 2.5,
      replyMs: 3,
      voiceToVoiceMs: 503,
      speculated: false,
    },
    usage: { promptTokens: 3, completionTokens: 5, inputAudioMs: 700, outputAudioMs: 900 },
    traceId: '0af7651916cd43dd8448eb211c80319c',
    startedAt: 1_700_000_000_000,
    endedAt: 1_700_000_002_000,
    ...facts,
  }
}

/** Which engines a turn may name: none, the wanted ones, others; and what the filters did. */
export const WHO_DID_IT: Array<Pick<TurnRecord, 'engines' | 'fallbacks' | 'safety'>> = [
  { engines: {} },
  {
    engines: { vad: 'silero@6', stt: 'whisper@3.1' },
    safety: [{ layer: 'input', family: 'encoded', action: 'block' }],
  },
  {
    engines: { llm: 'qwen@3', tts: 'flite@2.2' },
    fallbacks: [{ role: 'tts', asked: 'f5@1', used: 'flite@2.2', reason: 'failed' }],
  },
]
