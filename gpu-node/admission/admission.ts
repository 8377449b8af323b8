// Looks once a second whether this node can take another session, and says when that changes. Asked by node-sessions.ts at each
// offer and by the node's status. Knows no session; refusal.ts decides.
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import type { AdmissionRefusal } from '#shared/model/node.ts'
import { decide, isCardFull, refusal, type Decision, type EngineLoad, type Guard } from './refusal.ts'

const LOOK_EVERY_MS = 1_000
/** A reading of the card that is older says nothing: its reader has stopped. */
const STALE_AFTER_MS = 10_000

export interface CardReading {
  at: number
  usedBytes: number
  totalBytes: number
}

export interface AdmissionOptions {
  guard: Guard
  gpu: { latest(): CardReading | undefined }
  load: () => EngineLoad
  clock: Clock
  log: Log
}

export interface Admission {
  /** Null where a new session is welcome, as far as slots allow. */
  refusal(): AdmissionRefusal | null
  /** Memory of the card; null where it is not known. */
  vram(): { usedBytes: number; totalBytes: number } | null
  /** Whether more of the card is in use than was planned, at this moment. */
  isCardFull(): boolean
  start(onChange: () => void): void
  stop(): void
}

export function createAdmission(options: AdmissionOptions): Admission {
  const { guard, gpu, load, clock, log } = options
  let decision: Decision = { refusing: null, at: clock.now() }
  let onChange = (): void => {}
  let stop = (): void => {}

  const vram = (): { usedBytes: number; totalBytes: number } | null => {
    const reading = gpu.latest()
    if (!reading || clock.now() - reading.at > STALE_AFTER_MS) return null
    return { usedBytes: reading.usedBytes, totalBytes: reading.totalBytes }
  }
  const look = (): AdmissionRefusal | null => {
    const before = decision.refusing
    decision = decide(decision, refusal({ vram: vram(), load: load() }, guard), clock.now())
    if (decision.refusing !== before) {
      log.info({ refusing: decision.refusing, before }, 'admission of new sessions changes')
      onChange()
    }
    return decision.refusing
  }
  return {
    refusal: look,
    vram,
    isCardFull: () => isCardFull(vram(), guard),
    start: (whenChanged) => {
      onChange = whenChanged
      stop = clock.every(LOOK_EVERY_MS, () => void look())
    },
    stop: () => stop(),
  }
}
