// The bounds at which a node takes no new session or degrades, and of the cache of spoken phrases; the file may change each.
import { join } from 'node:path'
import type { GpuNodeFile } from './file-schema.ts'

export interface GuardPlan {
  /** Share of the card in use. The plan stays below it, so more means a game or a leak. */
  maxVramFraction: number
  maxWaitingRequests: number
  maxKvCacheFraction: number
  maxSttQueueMs: number
  maxTtsQueueMs: number
}

export interface SpeechCachePlan {
  maxBytes: number
  folder: string
}

const MIB = 1024 ** 2
/** About three hours of speech at 24 kHz. */
const DEFAULT_CACHE_MIB = 512

export function planGuard({ guard = {} }: GpuNodeFile): GuardPlan {
  return {
    maxVramFraction: guard.max_vram_fraction ?? 0.9,
    maxWaitingRequests: guard.max_waiting_requests ?? 4,
    maxKvCacheFraction: guard.max_kv_cache_fraction ?? 0.9,
    maxSttQueueMs: guard.max_stt_queue_ms ?? 500,
    // Beyond this wait the better voice costs more than it gives.
    maxTtsQueueMs: guard.max_tts_queue_ms ?? 150,
  }
}

export function planSpeechCache({ speech_cache: cache = {} }: GpuNodeFile, dataDir: string): SpeechCachePlan {
  return {
    maxBytes: (cache.max_mib ?? DEFAULT_CACHE_MIB) * MIB,
    folder: cache.folder ?? join(dataDir, 'speech-cache'),
  }
}
