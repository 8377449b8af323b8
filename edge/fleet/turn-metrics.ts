// What a stored turn adds to the metrics: how it ended, what the filters decided, and how long each stage took. Called by the fleet room.
import type { Metrics } from '#edge/ports.ts'
import type { TurnRecord } from '#shared/model/turn.ts'

export function observeTurn(
  metrics: Pick<Metrics, 'count' | 'observe'>,
  { status, timings, safety = [] }: TurnRecord,
): void {
  metrics.count('turns_stored', { status })
  for (const decision of safety) metrics.count('safety_decisions', { ...decision })
  if (timings.voiceToVoiceMs !== null) metrics.observe('turn_voice_to_voice', timings.voiceToVoiceMs)
  const stages = {
    endpoint: timings.endpointMs,
    stt: timings.sttMs,
    llm: timings.llmFirstTokenMs,
    tts: timings.ttsFirstAudioMs,
  }
  for (const [stage, ms] of Object.entries(stages)) if (ms !== null) metrics.observe('turn_stage', ms, { stage })
}
