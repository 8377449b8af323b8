// What must be stored after some deliveries, in plain terms: the store's contract is held against it.
import type { TurnRecord, Usage } from '#shared/model/turn.ts'

const NOTHING: Usage = { promptTokens: 0, completionTokens: 0, inputAudioMs: 0, outputAudioMs: 0 }

/** The rule in words: the first delivery stays, only complete replaces cut and a node's record the room's; a correction is laid over it. */
export function modelOfStoring(stored: Map<string, TurnRecord>, record: TurnRecord): Map<string, TurnRecord> {
  const before = stored.get(record.id)
  const isNodes = ({ engines }: TurnRecord): boolean => Object.keys(engines).length > 0
  const isBetter = record.status === 'complete' || (before && isNodes(record) && !isNodes(before))
  const isReplaced = !before || (before.status === 'cut' && isBetter)
  const correctedText = record.correctedText ?? before?.correctedText ?? null
  return stored.set(record.id, { ...(isReplaced ? record : before), correctedText })
}

export function sumOf(records: TurnRecord[]): Usage {
  return records.reduce(
    (sum, { usage }) => ({
      promptTokens: sum.promptTokens + usage.promptTokens,
      completionTokens: sum.completionTokens + usage.completionTokens,
      inputAudioMs: sum.inputAudioMs + usage.inputAudioMs,
      outputAudioMs: sum.outputAudioMs + usage.outputAudioMs,
    }),
    NOTHING,
  )
}
