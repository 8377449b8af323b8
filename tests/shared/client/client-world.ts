// A client in virtual time whose edge is played by the test.
import { createChatClient } from '#shared/client/chat-client.ts'
import type { ChatClient, ChatClientOptions } from '#shared/client/client-options.ts'
import type { Fault } from '#shared/fault.ts'
import { DEFAULT_TURN_OPTIONS } from '#shared/model/turn-options.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { DEFAULT_AUDIO_FORMAT } from '#shared/protocol/session-messages.ts'
import { Dials, type DialledSocket } from '#tests/fakes/dialled-socket.ts'
import { createVirtualClock, type VirtualClock } from '#tests/fakes/virtual-clock.ts'

export interface ClientWorld {
  clock: VirtualClock
  dials: Dials
  client: ChatClient
  /** `ready`, or `ended conflict` where there is a detail. */
  states: string[]
  messages: ChatDown[]
  audio: Array<{ turn: number; samples: number[] }>
  unreadable: Fault[]
}

export async function createClientWorld(options: Partial<ChatClientOptions> = {}): Promise<ClientWorld> {
  const clock = createVirtualClock()
  const dials = new Dials()
  const states: string[] = []
  const messages: ChatDown[] = []
  const audio: ClientWorld['audio'] = []
  const unreadable: Fault[] = []
  const client = createChatClient({
    url: 'ws://edge.test',
    openSocket: dials.open,
    clock,
    onMessage: (message) => messages.push(message),
    onAudio: (turn, pcm) => audio.push({ turn, samples: [...pcm] }),
    onState: (state, detail) => states.push(detail === undefined ? state : `${state} ${detail}`),
    onUnreadable: (fault) => unreadable.push(fault),
    // The middle of every interval: fast tries come after exactly 200 ms.
    random: () => 0.5,
    ...options,
  })
  await clock.settle()
  return { clock, dials, client, states, messages, audio, unreadable }
}

export const FAST_TRY_MS = 200

export function ready(n = 1): object {
  return {
    type: 'session.ready',
    id: `msg_ready${n}`,
    sessionId: `ses_call${n}`,
    conversationId: 'cnv_talk1',
    resumeToken: `token${n}`,
    heartbeat: { pingEveryMs: 2_000, deadAfterMs: 8_000 },
    personaId: 'per_default',
    personaName: 'Parley',
    language: 'en',
    audio: DEFAULT_AUDIO_FORMAT,
    options: DEFAULT_TURN_OPTIONS,
    engines: [],
  }
}

export const resumed = (received: number, resumeToken: string): object => ({
  type: 'session.resumed',
  id: 'msg_resumed',
  sessionId: 'ses_call1',
  resumeToken,
  received,
})

export const partial = (seq: number, text = `heard ${seq}`): object => ({
  type: 'transcript.partial',
  seq,
  turnId: 'trn_one',
  text,
})

/** A client whose session is live. */
export async function createLiveWorld(options: Partial<ChatClientOptions> = {}): Promise<ClientWorld> {
  const world = await createClientWorld(options)
  world.dials.last.open().say(ready())
  return world
}

/** Loses the socket and gives the one that is dialled next. */
export async function loseSocket(world: ClientWorld, afterMs = FAST_TRY_MS): Promise<DialledSocket> {
  const before = world.dials.all.length
  world.dials.last.fail()
  await world.clock.advance(afterMs)
  if (world.dials.all.length !== before + 1) throw new Error(`${world.dials.all.length - before} dials, not one`)
  return world.dials.last
}
