// What passes between caller and node, without a room: which words keep a session awake, and what is known of them after sleep.
import { expect, it } from 'vitest'
import { Traffic } from '#edge/session/traffic.ts'
import type { KeptTraffic } from '#edge/session/kept-session.ts'
import type { SessionEvent } from '#edge/session/session-state.ts'
import { newId } from '#shared/ids.ts'
import { encodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

const turnId = newId('turn')
const began = { type: 'utterance.started', seq: 1, turnId, turn: 1, atSample: 0 }

function traffic(kept?: KeptTraffic) {
  const events: SessionEvent[] = []
  const refused: string[] = []
  const nothing = (): void => {}
  const made = new Traffic(
    {
      clock: createVirtualClock(),
      toCaller: nothing,
      toNode: nothing,
      onGap: nothing,
      tellCaller: ({ code }) => refused.push(code),
      onRefused: nothing,
      onText: nothing,
      onToken: nothing,
      onEvent: (event) => events.push(event),
    },
    kept,
  )
  const caller = (message: object): void => made.fromCaller(JSON.stringify(message))
  const node = (message: object): void => made.fromNode(JSON.stringify(message))
  if (!kept) caller({ type: 'session.start' })
  const spoke = (): number => events.filter(({ type }) => type === 'spoke').length
  return { made, caller, node, spoke, refused, events }
}

it('[SES16] words of either side keep a session awake, and nothing else does', () => {
  const { caller, node, spoke } = traffic()
  caller({ type: 'reply.interrupt', seq: 1 })
  caller({ type: 'utterance.commit', seq: 2 })
  caller({ type: 'utterance.clear', seq: 3 })
  expect(spoke()).toBe(0)
  caller({ type: 'text.send', seq: 4, text: 'Hello.' })
  expect(spoke()).toBe(1)
  node(began)
  expect(spoke()).toBe(2)
  node({ type: 'transcript.partial', seq: 2, turnId, text: 'He' })
  caller({ type: 'playback.progress', seq: 5, turnId, playedSamples: 1 })
  expect(spoke()).toBe(2)
})

it('[SES31] a message that is taken twice counts once', () => {
  const { caller, spoke } = traffic()
  caller({ type: 'text.send', seq: 1, text: 'Hello.' })
  caller({ type: 'text.send', seq: 1, text: 'Hello.' })
  expect(spoke()).toBe(1)
})

it('[SES14] the language of a session outlives its memory', () => {
  const first = traffic()
  first.made.begins({ language: 'zh', lastTurn: 0 })
  const { made, node } = traffic(structuredClone(first.made.keep()))
  node(began)
  node({ type: 'transcript.partial', seq: 2, turnId, text: '你好' })
  expect(made.cut()).toMatchObject([{ language: 'zh', utteranceText: '你好' }])
})

it('[SES14] samples of a reply are counted by two bytes each', () => {
  const { made, node } = traffic()
  node(began)
  made.fromNode(encodeAudioFrame({ turn: 1, sequence: 2, pcm: new Uint8Array(960) }))
  // The same frame again is no more sound.
  made.fromNode(encodeAudioFrame({ turn: 1, sequence: 2, pcm: new Uint8Array(960) }))
  expect(made.keep().turns.open).toMatchObject([[turnId, { sentSamples: 480 }]])
})
