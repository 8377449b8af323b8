// A caller of a test: the product's client with a loudspeaker of time only. Speaks tones, which the scripted engines take for
// a voice, faster than life, and keeps everything that comes back.
import { openCallerSocket } from '#edge/cli/caller-socket.ts'
import { concatPcm } from '#shared/audio/pcm.ts'
import { createChatClient } from '#shared/client/chat-client.ts'
import type { ChatClient, ChatClientState } from '#shared/client/client-options.ts'
import { createPlayback } from '#shared/client/playback.ts'
import { createVirtualSpeaker, type VirtualSpeaker } from '#shared/client/virtual-speaker.ts'
import { systemClock } from '#shared/clock.ts'
import type { TurnId } from '#shared/ids.ts'
import type { ChatDown, SessionStart } from '#shared/protocol/chat-messages.ts'
import { DEFAULT_AUDIO_FORMAT } from '#shared/protocol/session-messages.ts'
import { Inbox } from '#tests/fakes/inbox.ts'

export interface CallerOptions {
  url: string
  key: string
  start?: Omit<SessionStart, 'type'>
}

export type Down<K extends ChatDown['type']> = Extract<ChatDown, { type: K }>
export type Ready = Down<'session.ready'>

/** Well above what the scripted engines take for silence. */
const LOUD = 8_000

export interface TestCaller {
  readonly client: ChatClient
  readonly said: Inbox<ChatDown>
  readonly states: Inbox<{ type: ChatClientState; detail?: string | undefined }>
  readonly speaker: VirtualSpeaker
  /** The next message of this type that nobody has asked for yet. */
  next<K extends ChatDown['type']>(type: K): Promise<Down<K>>
  ready(): Promise<Ready>
  speak(ms: number): void
  silence(ms: number): void
  pcm(samples: Int16Array): void
  write(text: string): void
  /** Speaks one utterance with the silence that ends it. */
  ask(ms?: number): void
  /** Speaks one utterance and waits for the end of its reply. */
  turn(ms?: number): Promise<Down<'reply.done'>>
  /** All reply audio that arrived, of one turn or of all. */
  audio(turn?: number): Int16Array
  /** Resolves once so many samples of reply audio have arrived. */
  received(samples: number): Promise<void>
  of<K extends ChatDown['type']>(type: K): Down<K>[]
  close(): void
}

export function openCaller({ url, key, start }: CallerOptions): TestCaller {
  const said = new Inbox<ChatDown>()
  const states: TestCaller['states'] = new Inbox()
  const frames: Array<{ turn: number; pcm: Int16Array }> = []
  const waiting: Array<{ samples: number; resolve: () => void }> = []
  const clock = systemClock
  const { inputRate, outputRate } = { ...DEFAULT_AUDIO_FORMAT, ...start?.audio }
  const speaker = createVirtualSpeaker(clock, outputRate)
  const playback = createPlayback({
    clock,
    speaker,
    onProgress: (turnId: TurnId, playedSamples) => client.send({ type: 'playback.progress', turnId, playedSamples }),
  })
  const audio = (turn?: number): Int16Array =>
    concatPcm(frames.filter((frame) => turn === undefined || frame.turn === turn).map(({ pcm }) => pcm))
  const client = createChatClient({
    url: url.replace(/^http/, 'ws'),
    openSocket: (address, protocols) => openCallerSocket(address, protocols, key),
    clock,
    ...(start && { start }),
    onMessage: (message) => {
      playback.message(message)
      said.put(message)
    },
    onAudio: (turn, pcm) => {
      playback.audio(turn, pcm)
      frames.push({ turn, pcm })
      const { length } = audio()
      for (const wait of waiting.splice(0)) {
        if (length >= wait.samples) wait.resolve()
        else waiting.push(wait)
      }
    },
    onState: (type, detail) => states.put({ type, detail }),
  })
  const pcm = (samples: Int16Array): void => client.sendAudio(samples)
  const tone = (ms: number, amplitude: number): void => pcm(new Int16Array((ms * inputRate) / 1000).fill(amplitude))
  const caller: TestCaller = {
    client,
    said,
    states,
    speaker,
    pcm,
    audio,
    next: (type) => said.next(type),
    ready: () => said.next('session.ready'),
    speak: (ms) => tone(ms, LOUD),
    silence: (ms) => tone(ms, 0),
    write: (text) => client.send({ type: 'text.send', text }),
    ask: (ms = 400) => {
      tone(ms, LOUD)
      tone(600, 0)
    },
    turn: (ms) => {
      caller.ask(ms)
      return said.next('reply.done')
    },
    received: (samples) =>
      audio().length >= samples ? Promise.resolve() : new Promise((resolve) => waiting.push({ samples, resolve })),
    of: (type) => said.all.filter((message): message is Down<typeof type> => message.type === type),
    close: () => {
      playback.close()
      void client.end()
    },
  }
  return caller
}
