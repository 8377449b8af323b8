// Why a node takes no new session now, from what is measured of it. Pure; used by admission.ts. Live sessions are not its matter.
import type { AdmissionRefusal } from '#shared/model/node.ts'

/** How far the engines are behind; null where nobody knows. */
export interface EngineLoad {
  /** Requests that wait in the LLM's queue. */
  waitingRequests: number | null
  /** How much of the LLM's cache is in use, 0–1. */
  kvCacheFraction: number | null
  sttQueueMs: number | null
  ttsQueueMs: number | null
}

export interface Guard {
  /** Share of the whole card. The plan stays below it, so more means that something else is on the card, or leaks. */
  maxVramFraction: number
  maxWaitingRequests: number
  maxKvCacheFraction: number
  maxSttQueueMs: number
  /** Over it HQ gives way to fast. */
  maxTtsQueueMs: number
}

export interface Readings {
  vram: { usedBytes: number; totalBytes: number } | null
  load: EngineLoad
}

/** HQ gives way first. Where the queue is so many times longer fast speech is late, too, and new callers would hear gaps. */
export const TTS_REFUSES_AT = 10

/** The first that holds: what nobody but the owner can mend, then what passes by itself. */
export function refusal({ vram, load }: Readings, guard: Guard): AdmissionRefusal | null {
  const { waitingRequests, kvCacheFraction, sttQueueMs, ttsQueueMs } = load
  if (isCardFull(vram, guard)) return 'vram'
  if ((waitingRequests ?? 0) > guard.maxWaitingRequests) return 'llmQueue'
  if ((kvCacheFraction ?? 0) > guard.maxKvCacheFraction) return 'kvCache'
  if ((sttQueueMs ?? 0) > guard.maxSttQueueMs) return 'sttQueue'
  return (ttsQueueMs ?? 0) > guard.maxTtsQueueMs * TTS_REFUSES_AT ? 'ttsQueue' : null
}

export function isCardFull(vram: Readings['vram'], guard: Guard): boolean {
  return vram !== null && vram.totalBytes > 0 && vram.usedBytes / vram.totalBytes >= guard.maxVramFraction
}

/** The last decision, and when there was last a reason for it. */
export interface Decision {
  refusing: AdmissionRefusal | null
  at: number
}

/**
 * A node refuses at once and takes sessions again only after this time without a reason: a queue that the refusal itself has
 * emptied would else fill again with the next caller. By time and not by a lower threshold, which a plan near the guard
 * would never fall below.
 */
export const CALM_MS = 5_000

export function decide(before: Decision, reason: AdmissionRefusal | null, now: number): Decision {
  if (reason) return { refusing: reason, at: now }
  return before.refusing && now - before.at < CALM_MS ? before : { refusing: null, at: now }
}
