// What a GPU node says of itself beyond its slots: why it takes no new session, and what machine it is.
import * as v from 'valibot'

/**
 * Why a node with free slots takes no new session. vram: the card is fuller than the plan, so a game or a leak is
 * there. llmQueue, kvCache, sttQueue, ttsQueue: that engine is behind. engines: one that a call needs does not answer,
 * or is not there.
 */
export const AdmissionRefusal = v.picklist(['vram', 'llmQueue', 'kvCache', 'sttQueue', 'ttsQueue', 'engines'])
export type AdmissionRefusal = v.InferOutput<typeof AdmissionRefusal>

const Bytes = v.pipe(v.number(), v.integer(), v.minValue(0))
const Words = v.pipe(v.string(), v.maxLength(128))

/** The machine under a node; null where the platform does not tell. */
export const Machine = v.object({
  card: v.nullable(Words),
  driver: v.nullable(Words),
  memory: v.nullable(v.object({ usedBytes: Bytes, totalBytes: Bytes })),
  /** Of the disk that holds the node's data. */
  disk: v.nullable(v.object({ freeBytes: Bytes, totalBytes: Bytes })),
  uptimeMs: Bytes,
})
export type Machine = v.InferOutput<typeof Machine>
