// A finished turn, as a turn runner makes it.
import { newId } from '#shared/ids.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import type { FinishedTurn } from '#gpu-node/outbox/finished-turn.ts'

export function turnRecord(facts: Partial<TurnRecord> = {}): TurnRecord {
  return {
    id: newId('turn'),
    turn: 1,
    source: 'text',
    status: 'complete',
    language: 'en',
    utteranceText: 'hello',
    correctedText: null,
    replyText: 'Hello there.',
    heardText: 'Hello there.',
    engines: { llm: 'scripted@1' },
    timings: {
      endpointMs: null,
      sttMs: null,
      llmFirstTokenMs: 1,
      ttsFirstAudioMs: 2,
      replyMs: 3,
      voiceToVoiceMs: null,
      speculated: false,
    },
    usage: { promptTokens: 1, completionTokens: 1, inputAudioMs: 0, outputAudioMs: 20 },
    traceId: '0af7651916cd43dd8448eb211c80319c',
    startedAt: 1,
    endedAt: 2,
    ...facts,
  }
}

export function finishedTurn(facts: Partial<TurnRecord> = {}): FinishedTurn {
  return { sessionId: newId('session'), conversationId: newId('conversation'), turn: turnRecord(facts) }
}
