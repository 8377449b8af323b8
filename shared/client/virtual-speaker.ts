// A loudspeaker of time only: what is queued counts as heard as the clock moves. For the command line, tests and benches.
import { concatPcm } from '#shared/audio/pcm.ts'
import type { Clock } from '#shared/clock.ts'
import type { Speaker } from './speaker.ts'

export interface VirtualSpeaker extends Speaker {
  /** Everything that was heard so far, of all turns. */
  heard(): Int16Array
  /** Milliseconds until what is queued has been heard. */
  remainingMs(): number
}

export function createVirtualSpeaker(clock: Pick<Clock, 'now'>, sampleRate: number): VirtualSpeaker {
  let queue: Array<{ turn: number; pcm: Int16Array }> = []
  const heardParts: Int16Array[] = []
  let currentTurn = 0
  let playedOfTurn = 0
  let isPaused = false
  let movedAt = clock.now()
  /** Samples that time has passed but that were too few to be whole. */
  let fraction = 0

  function move(): void {
    const now = clock.now()
    const exact = ((now - movedAt) * sampleRate) / 1000 + fraction
    movedAt = now
    if (isPaused || queue.length === 0) {
      fraction = 0
      return
    }
    let due = Math.floor(exact)
    fraction = exact - due
    while (due > 0 && queue[0] !== undefined) due -= playFrom(queue[0], due)
    if (queue.length === 0) fraction = 0
  }

  function playFrom(first: { turn: number; pcm: Int16Array }, due: number): number {
    const count = Math.min(due, first.pcm.length)
    heardParts.push(first.pcm.subarray(0, count))
    if (first.turn === currentTurn) playedOfTurn += count
    first.pcm = first.pcm.subarray(count)
    if (first.pcm.length === 0) queue.shift()
    return count
  }

  return {
    play(pcm, turn) {
      move()
      if (turn !== currentTurn) {
        currentTurn = turn
        playedOfTurn = 0
      }
      queue.push({ turn, pcm })
    },
    pause() {
      move()
      isPaused = true
    },
    resume() {
      move()
      isPaused = false
    },
    clear() {
      move()
      queue = []
      isPaused = false
    },
    playedSamples() {
      move()
      return playedOfTurn
    },
    heard() {
      move()
      return concatPcm(heardParts)
    },
    remainingMs() {
      move()
      return (queue.reduce((sum, { pcm }) => sum + pcm.length, 0) * 1000) / sampleRate
    },
  }
}
