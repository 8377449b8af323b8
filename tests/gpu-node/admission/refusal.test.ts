// When a node takes no new session, and when it takes one again.
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import { silentLog } from '#shared/log.ts'
import type { AdmissionRefusal } from '#shared/model/node.ts'
import { createAdmission, type CardReading } from '#gpu-node/admission/admission.ts'
import { CALM_MS, decide, refusal, type EngineLoad, type Guard, type Readings } from '#gpu-node/admission/refusal.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const GUARD: Guard = {
  maxVramFraction: 0.9,
  maxWaitingRequests: 4,
  maxKvCacheFraction: 0.95,
  maxSttQueueMs: 1_000,
  maxTtsQueueMs: 150,
}
const IDLE: EngineLoad = { waitingRequests: 0, kvCacheFraction: 0.2, sttQueueMs: 0, ttsQueueMs: 0 }
const UNKNOWN: EngineLoad = { waitingRequests: null, kvCacheFraction: null, sttQueueMs: null, ttsQueueMs: null }
const card = (percent: number): Readings['vram'] => ({ usedBytes: percent, totalBytes: 100 })

const TABLE: Array<[string, Readings['vram'], Partial<EngineLoad>, AdmissionRefusal | null]> = [
  ['nothing known', null, UNKNOWN, null],
  ['all idle', card(60), {}, null],
  ['the card just below the guard', card(89.9), {}, null],
  ['the card at the guard', card(90), {}, 'vram'],
  ['a card without memory', { usedBytes: 0, totalBytes: 0 }, {}, null],
  ['as many requests waiting as may', card(60), { waitingRequests: 4 }, null],
  ['one more', card(60), { waitingRequests: 5 }, 'llmQueue'],
  ['a full cache', card(60), { kvCacheFraction: 0.96 }, 'kvCache'],
  ['a queue at the recogniser', card(60), { sttQueueMs: 1_001 }, 'sttQueue'],
  ['a queue at the voice over which HQ gives way', card(60), { ttsQueueMs: 400 }, null],
  ['one that fast speech is late by', card(60), { ttsQueueMs: 1_501 }, 'ttsQueue'],
  ['several reasons', card(95), { waitingRequests: 9, ttsQueueMs: 9_000 }, 'vram'],
]

describe('a new session', () => {
  it.each(TABLE)('[ADM1] with %s is refused for what is measured, or not', (_, vram, load, expected) => {
    expect(refusal({ vram, load: { ...IDLE, ...load } }, GUARD)).toBe(expected)
  })

  it('[ADM2] is refused at once and taken only after five calm seconds', () => {
    const reasons = fc.array(fc.record({ reason: fc.constantFrom('vram', null), afterMs: fc.nat(3_000) }))
    fc.assert(
      fc.property(reasons, (steps) => {
        let decision = decide({ refusing: null, at: 0 }, null, 0)
        let [now, lastReasonAt] = [0, -Infinity]
        for (const { reason, afterMs } of steps) {
          now += afterMs
          if (reason) lastReasonAt = now
          decision = decide(decision, reason, now)
          expect(decision.refusing).toBe(now - lastReasonAt < CALM_MS ? 'vram' : null)
        }
      }),
    )
  })
})

describe('admission', () => {
  function running() {
    const clock = createVirtualClock()
    const seen: { reading: CardReading | undefined; load: EngineLoad; changes: number } = {
      reading: undefined,
      load: IDLE,
      changes: 0,
    }
    const gpu = { latest: () => seen.reading }
    const admission = createAdmission({ guard: GUARD, gpu, load: () => seen.load, clock, log: silentLog })
    admission.start(() => void seen.changes++)
    return { clock, seen, admission }
  }

  it('[ADM3] is looked at once a second and tells each change once', async () => {
    const { clock, seen, admission } = running()
    await clock.advance(3_000)
    expect([admission.refusal(), seen.changes]).toEqual([null, 0])
    seen.load = { ...IDLE, waitingRequests: 9 }
    await clock.advance(3_000)
    expect([admission.refusal(), seen.changes]).toEqual(['llmQueue', 1])
    seen.load = IDLE
    await clock.advance(CALM_MS + 1_000)
    expect([admission.refusal(), seen.changes]).toEqual([null, 2])
    admission.stop()
    expect(clock.pending).toBe(0)
  })

  it('[ADM3] believes no reading of the card that is old: its reader has stopped', async () => {
    const { clock, seen, admission } = running()
    seen.reading = { at: clock.now(), usedBytes: 95, totalBytes: 100 }
    expect([admission.refusal(), admission.isCardFull(), admission.vram()?.usedBytes]).toEqual(['vram', true, 95])
    await clock.advance(11_000 + CALM_MS)
    expect([admission.refusal(), admission.isCardFull(), admission.vram()]).toEqual([null, false, null])
    admission.stop()
  })
})
