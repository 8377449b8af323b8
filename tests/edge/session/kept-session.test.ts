// What a room hands over to be kept: whenever it has changed, and only then.
import { expect, it } from 'vitest'
import { SessionMemory, type KeptSession } from '#edge/session/kept-session.ts'
import { SessionSecrets } from '#edge/session/session-secrets.ts'
import type { SessionState } from '#edge/session/session-state.ts'
import { TurnLog } from '#edge/session/turn-log.ts'
import { newId } from '#shared/ids.ts'
import { CALLER } from '#tests/edge/rooms-world.ts'

const state: SessionState = { type: 'opening', since: 0 }
const turnId = newId('turn')

function memory() {
  const kept: KeptSession[] = []
  const secrets = new SessionSecrets()
  const turns = new TurnLog()
  const traffic = {
    get changes() {
      return turns.changes
    },
    keep: () => ({ audio: undefined, language: 'en' as const, turns: turns.keep() }),
  }
  const made = new SessionMemory(
    { sessionId: 'ses_one', caller: CALLER },
    { secrets, traffic },
    { remember: (one) => kept.push(one), client: undefined },
  )
  const speak = (): void => {
    turns.answered({ type: 'utterance.started', seq: 1, turnId, turn: 1, atSample: 0 }, 'en', 0)
  }
  return { made, kept, secrets, turns, speak }
}

it('[SES43] the same is kept once', () => {
  const { made, kept } = memory()
  made.note(state)
  made.note(state)
  expect(kept).toHaveLength(1)
  made.note({ ...state })
  expect(kept).toHaveLength(2)
  made.note({ type: 'ended', reason: 'caller', owed: [] })
  expect(kept).toHaveLength(2)
})

it('[SES43] changes of all parts count, in whatever order and however many at once', () => {
  const { made, kept, secrets, turns, speak } = memory()
  const steps: Array<() => unknown> = [
    () => secrets.caller.rotate(),
    () => secrets.node.rotate(),
    speak,
    () => turns.played({ type: 'playback.progress', seq: 1, turnId, playedSamples: 1 }),
    () => (secrets.caller.rotate(), secrets.node.rotate()),
    () => (secrets.caller.rotate(), speak()),
    () => (secrets.node.rotate(), turns.played({ type: 'playback.progress', seq: 2, turnId, playedSamples: 2 })),
  ]
  made.note(state)
  for (const [index, step] of steps.entries()) {
    step()
    made.note(state)
    expect(kept).toHaveLength(index + 2)
    expect(kept.at(-1)?.secrets).toEqual(secrets.keep())
  }
})

it('[SES43] what a client keeps is handed over when it is another than before, and outlives it', () => {
  const { made, kept } = memory()
  made.note(state)
  expect(kept.at(-1)).not.toHaveProperty('client')
  made.keepClient('one')
  made.keepClient(undefined)
  made.note(state)
  made.keepClient('one')
  made.note(state)
  expect(kept.map(({ client }) => client)).toEqual([undefined, 'one'])
})
