// The recogniser of a session: which utterance its next text belongs to, whatever becomes of the others.
import { expect, it } from 'vitest'
import type { TurnId } from '#shared/ids.ts'
import { silentLog } from '#shared/log.ts'
import type { TurnEvent } from '#gpu-node/turn/machine/turn-state.ts'
import { Recognition } from '#gpu-node/turn/hearing/recognition.ts'
import { newTraceparent } from '#shared/trace.ts'
import { createScriptedStt, type ScriptedSttOptions } from '#tests/fakes/scripted-stt.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const A: TurnId = 'trn_a'
const B: TurnId = 'trn_b'

function world(utterances: ScriptedSttOptions['utterances']) {
  const clock = createVirtualClock()
  const events: TurnEvent[] = []
  const recognition = new Recognition({
    stt: createScriptedStt({ clock, utterances }),
    clock,
    log: silentLog,
    dispatch: (event) => events.push(event),
    atSample: () => 7,
    track: () => {},
  })
  const open = (turnId: TurnId): void =>
    recognition.open(turnId, {
      language: 'en',
      traceparent: newTraceparent(),
      signal: new AbortController().signal,
      onFallback: () => {},
    })
  return { clock, events, recognition, open }
}

it('[TUR22] the utterance whose final text is on the way is still awaited when another one is dropped', async () => {
  const { clock, events, recognition, open } = world([{ texts: [], final: 'first', finishMs: 1_000 }, 'second'])
  open(A)
  await clock.settle()
  recognition.finish(A)
  open(B)
  recognition.drop(B)
  expect(recognition.finishing).toBe(A)
  await clock.advance(1_000)
  expect(events).toEqual([{ type: 'transcribed', turnId: A, text: 'first' }])
  expect(recognition.finishing).toBeUndefined()
})

it('[TUR26] a recogniser that does not open while its final text is awaited fails once', async () => {
  const fault = { code: 'engine_failed', engineId: 'x@1', stage: 'stt', transient: false } as const
  const { clock, events, recognition, open } = world([{ texts: [], failAt: { open: { fault } } }])
  open(A)
  recognition.finish(A)
  await clock.settle()
  expect(events).toEqual([{ type: 'recognitionFailed', turnId: A, atSample: 7, fault }])
})
