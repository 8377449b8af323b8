// One call from the command line: speaks recordings in real time or sends text, and collects the turns that come of it.
// Used by `parley talk` and by the self-check of `parley start`. Knows nothing of how it is printed.
import type { Clock } from '#shared/clock.ts'
import { createChatClient } from '#shared/client/chat-client.ts'
import type { ChatClient, ChatClientState } from '#shared/client/client-options.ts'
import { createPlayback } from '#shared/client/playback.ts'
import { sendInRealTime } from '#shared/client/real-time.ts'
import { createVirtualSpeaker, type VirtualSpeaker } from '#shared/client/virtual-speaker.ts'
import { FaultError, type Fault } from '#shared/fault.ts'
import type { ConversationId } from '#shared/ids.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { DEFAULT_AUDIO_FORMAT } from '#shared/protocol/session-messages.ts'
import { openCallerSocket } from './caller-socket.ts'
import { TurnWatch, type SpokenTurn } from './turn-watch.ts'

/** After so much silence behind a recording without a turn, nothing was said in it. */
const NO_SPEECH_MS = 4_000
/** The longest wait for a session: a node that is just starting takes a few seconds. */
const READY_TIMEOUT_MS = 20_000
/** The longest wait for the replies to one recording, after its end. */
const REPLY_TIMEOUT_MS = 120_000
/** Silence is sent in pieces of this length until everything is answered. */
const SILENCE_MS = 100

export interface CallOptions {
  /** http(s) address of the edge. */
  url: string
  key: string
  conversationId?: ConversationId
  clock: Clock
  /** Everything that the edge says, for printing. */
  onMessage(message: ChatDown): void
  onState?: (state: ChatClientState) => void
  /** Where nobody listens, a loudspeaker may be faster than life. */
  speaker?: VirtualSpeaker
}

export interface Call {
  readonly conversationId: ConversationId
  readonly outputRate: number
  /** Speaks PCM16 mono at 16 kHz in real time. Resolves with the turns that came of it: none where nothing was said. */
  speak(pcm: Int16Array): Promise<SpokenTurn[]>
  /** One turn by text. */
  write(text: string): Promise<SpokenTurn[]>
  /** Everything that was heard so far: PCM16 mono at outputRate. */
  heard(): Int16Array
  end(): Promise<void>
}

/** Opens a session; rejects with the fault where it is refused. */
export async function openCall(options: CallOptions): Promise<Call> {
  const { clock } = options
  const speaker = options.speaker ?? createVirtualSpeaker(clock, DEFAULT_AUDIO_FORMAT.outputRate)
  const watch = new TurnWatch(clock)
  const playback = createPlayback({
    clock,
    speaker,
    onProgress: (turnId, playedSamples) => client.send({ type: 'playback.progress', turnId, playedSamples }),
  })
  const client: ChatClient = createChatClient({
    url: options.url.replace(/^http/, 'ws'),
    openSocket: (url, protocols) => openCallerSocket(url, protocols, options.key),
    clock,
    start: { audio: DEFAULT_AUDIO_FORMAT, ...(options.conversationId && { conversationId: options.conversationId }) },
    onMessage: (message) => {
      watch.message(message)
      playback.message(message)
      options.onMessage(message)
    },
    onAudio: (turn, pcm) => {
      watch.audio(turn)
      playback.audio(turn, pcm)
    },
    onState: (state, detail) => {
      options.onState?.(state)
      if (state === 'ended') watch.end(detail ?? 'internal')
    },
  })
  try {
    await within(clock, READY_TIMEOUT_MS, 'session', watch.ready)
  } catch (error) {
    await client.end()
    // Why the last dial failed says more than that it took too long.
    throw watch.lastFault === undefined ? error : new FaultError(watch.lastFault)
  }
  return new OpenCall({ clock, client, watch, speaker, close: () => playback.close() })
}

interface Parts {
  clock: Clock
  client: ChatClient
  watch: TurnWatch
  speaker: VirtualSpeaker
  close: () => void
}

class OpenCall implements Call {
  readonly #parts: Parts
  readonly outputRate = DEFAULT_AUDIO_FORMAT.outputRate

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get conversationId(): ConversationId {
    return this.#parts.watch.conversationId
  }

  async speak(pcm: Int16Array): Promise<SpokenTurn[]> {
    const { clock, client, watch } = this.#parts
    const send = (frame: Int16Array): void => client.sendAudio(frame)
    watch.begin()
    await sendInRealTime(pcm, DEFAULT_AUDIO_FORMAT.inputRate, { clock, send })
    watch.asked()
    // A microphone never stops: silence goes on until all that was said is answered.
    const silence = new Int16Array((DEFAULT_AUDIO_FORMAT.inputRate * SILENCE_MS) / 1000)
    const isOver = (): boolean =>
      watch.hasEnded || (watch.isSettled && (watch.hasTurns || watch.sinceAskedMs > NO_SPEECH_MS))
    while (!isOver()) {
      if (watch.sinceAskedMs > REPLY_TIMEOUT_MS) throw late('reply', REPLY_TIMEOUT_MS)
      await sendInRealTime(silence, DEFAULT_AUDIO_FORMAT.inputRate, { clock, send })
    }
    return watch.take()
  }

  async write(text: string): Promise<SpokenTurn[]> {
    const { clock, client, watch } = this.#parts
    watch.begin()
    watch.asked()
    client.send({ type: 'text.send', text })
    await within(clock, REPLY_TIMEOUT_MS, 'reply', watch.nextReply())
    return watch.take()
  }

  heard(): Int16Array {
    return this.#parts.speaker.heard()
  }

  async end(): Promise<void> {
    const { clock, client, speaker, close } = this.#parts
    // A complete reply plays to its end.
    await clock.sleep(speaker.remainingMs())
    await client.end()
    close()
  }
}

async function within<T>(clock: Clock, limitMs: number, stage: string, promise: Promise<T>): Promise<T> {
  const timer = new AbortController()
  const timeout = clock.sleep(limitMs, timer.signal).then(
    () => {
      throw late(stage, limitMs)
    },
    // Aborted: the promise was in time.
    () => new Promise<never>(() => {}),
  )
  try {
    return await Promise.race([promise, timeout])
  } finally {
    timer.abort('deadline')
  }
}

function late(stage: string, limitMs: number): FaultError {
  const fault: Fault = { code: 'deadline_exceeded', stage, limitMs }
  return new FaultError(fault)
}
