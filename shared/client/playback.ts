// Plays the replies of a session as its messages say, and tells the node what was heard: every 200 ms while a reply sounds,
// and at once when it is silenced. It knows the loudspeaker only as a port.
import type { Clock } from '#shared/clock.ts'
import type { TurnId } from '#shared/ids.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import type { Speaker } from './speaker.ts'

/** How often what was played is told (architecture §5). */
const PROGRESS_EVERY_MS = 200

export interface Playback {
  message(message: ChatDown): void
  audio(turn: number, pcm: Int16Array): void
  close(): void
}

export interface PlaybackOptions {
  clock: Clock
  speaker: Speaker
  onProgress: (turnId: TurnId, playedSamples: number) => void
}

interface Playing {
  turn: number
  /** Counts the replies of this playback: the ordinals of turns begin anew with another session. */
  reply: number
  turnId: TurnId
  queuedSamples: number
  toldSamples: number
  isOver: boolean
}

const NOTHING_YET = { queuedSamples: 0, toldSamples: 0, isOver: false }

export function createPlayback({ clock, speaker, onProgress }: PlaybackOptions): Playback {
  let playing: Playing | undefined
  let replies = 0
  let stopTelling: (() => void) | undefined

  function tell(): void {
    // Until its first audio is queued, what the loudspeaker counts is another reply's.
    if (playing === undefined || playing.queuedSamples === 0) return
    const played = speaker.playedSamples()
    if (played !== playing.toldSamples) onProgress(playing.turnId, played)
    playing.toldSamples = played
    if (playing.isOver || played < playing.queuedSamples) return
    // Drained for now; more audio starts the telling again.
    stopTelling?.()
    stopTelling = undefined
  }

  function stop(): void {
    stopTelling?.()
    stopTelling = undefined
  }

  function end(): void {
    stop()
    playing = undefined
    speaker.clear()
  }

  return {
    message(message) {
      // Another session took over: what the lost one had said is over, paused or not.
      if (message.type === 'session.ready') end()
      if (message.type === 'reply.started')
        playing = { turn: message.turn, turnId: message.turnId, reply: ++replies, ...NOTHING_YET }
      if (playing === undefined || !('turnId' in message) || message.turnId !== playing.turnId) return
      if (message.type === 'reply.paused') {
        speaker.pause()
        tell()
      }
      if (message.type === 'reply.resumed') speaker.resume()
      if (message.type !== 'reply.done') return
      playing.isOver = true
      stop()
      // A complete reply plays to its end; of any other the rest is not to be heard.
      if (message.status === 'complete') return
      tell()
      speaker.clear()
    },
    audio(turn, pcm) {
      if (playing === undefined || turn !== playing.turn || playing.isOver) return
      playing.queuedSamples += pcm.length
      speaker.play(pcm, playing.reply)
      stopTelling ??= clock.every(PROGRESS_EVERY_MS, tell)
    },
    close: end,
  }
}
