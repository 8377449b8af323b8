// A long reply that is under way, to be interrupted. For the tests of barge-in.
import { TurnWorld } from './turn-world.ts'
import type { WorldOptions } from './turn-world.ts'

export const STORY = 'Once upon a time there was a king. He had a golden ball. One day it fell into a deep well.'

/** A reply of nine seconds is under way; what is said during it is `during`. */
export async function interruptible(during: string, options: WorldOptions = {}): Promise<TurnWorld> {
  const world = new TurnWorld({
    stt: { utterances: ['tell me a story', during, 'and more'] },
    llm: { replies: [STORY, 'All right.'] },
    tts: { msPerChar: 100 },
    ...options,
  })
  await world.ask()
  await world.silence(1_000)
  return world
}
