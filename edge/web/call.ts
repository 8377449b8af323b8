// One caller's call, as the page sees it: owns client, microphone and loudspeaker, and keeps what is shown in signals.
// It knows nothing of how it is drawn.
import { signal } from '@preact/signals'
import type { ChatClient } from '#shared/client/client-options.ts'
import { createChatClient } from '#shared/client/chat-client.ts'
import { emptyView, reduceView, type ConversationView } from '#shared/client/conversation-view.ts'
import { createPlayback, type Playback } from '#shared/client/playback.ts'
import { systemClock } from '#shared/clock.ts'
import type { ConversationId } from '#shared/ids.ts'
import type { Conversation } from '#shared/model/conversation.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { DEFAULT_AUDIO_FORMAT } from '#shared/protocol/session-messages.ts'
import { fetchConversation, mintTicket } from './edge-api.ts'
import { openMicrophone, type Microphone } from './microphone.ts'
import { createWebSpeaker, type WebSpeaker } from './web-speaker.ts'

export type LinkState = 'idle' | 'connecting' | 'ready' | 'reconnecting' | 'ended'

export const view = signal<ConversationView>(emptyView)
export const link = signal<LinkState>('idle')
export const isTalking = signal(false)
export const problem = signal<string | undefined>(undefined)
/** Loudness of the microphone, 0–1, for the ring around the button. */
export const level = signal(0)
/** What was said in this conversation before this session. */
export const earlier = signal<Conversation | undefined>(undefined)

/** The conversation goes on after a reload of the page, as long as the tab lives. */
const KEPT_CONVERSATION = 'parley.conversation'

let client: ChatClient | undefined
let playback: Playback | undefined
let speaker: WebSpeaker | undefined
let microphone: Microphone | undefined

/** Opens the session where there is none. Must be called from a click: the browser unlocks sound only then. */
async function open(): Promise<ChatClient> {
  speaker ??= createWebSpeaker(DEFAULT_AUDIO_FORMAT.outputRate)
  await speaker.unlock()
  if (client !== undefined && link.value !== 'ended') return client
  const conversationId = (sessionStorage.getItem(KEPT_CONVERSATION) ?? undefined) as ConversationId | undefined
  const opened = createChatClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`,
    openSocket: (url, protocols) => new WebSocket(url, protocols),
    credentials: async () => ({ ticket: await mintTicket() }),
    clock: systemClock,
    start: { audio: DEFAULT_AUDIO_FORMAT, ...(conversationId === undefined ? {} : { conversationId }) },
    onMessage: (message) => {
      playback?.message(message)
      show(message)
    },
    onAudio: (turn, pcm) => playback?.audio(turn, pcm),
    onState: (state) => {
      link.value = state
      if (state === 'ended') hangUpMicrophone()
    },
  })
  playback = createPlayback({
    clock: systemClock,
    speaker,
    onProgress: (turnId, playedSamples) => opened.send({ type: 'playback.progress', turnId, playedSamples }),
  })
  client = opened
  return opened
}

function show(message: ChatDown): void {
  view.value = reduceView(view.value, message)
  if (message.type === 'session.ready') sessionStorage.setItem(KEPT_CONVERSATION, message.conversationId)
  if (message.type === 'fault') problem.value = message.message
}

/** The button: begins or ends talking. */
export async function toggleTalking(): Promise<void> {
  problem.value = undefined
  if (isTalking.value) return hangUpMicrophone()
  try {
    const opened = await open()
    microphone = await openMicrophone((pcm) => {
      level.value = loudness(pcm)
      opened.sendAudio(pcm)
    })
    isTalking.value = true
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error)
  }
}

export async function write(text: string): Promise<void> {
  problem.value = undefined
  try {
    const opened = await open()
    opened.send({ type: 'text.send', text })
  } catch (error) {
    problem.value = error instanceof Error ? error.message : String(error)
  }
}

/** Begins anew: the next words open another conversation. */
export function startOver(): void {
  hangUpMicrophone()
  void client?.end()
  client = undefined
  speaker?.clear()
  sessionStorage.removeItem(KEPT_CONVERSATION)
  view.value = emptyView
  earlier.value = undefined
  link.value = 'idle'
}

/** Shows the conversation that this tab was in, before anybody presses a button. */
export async function recall(): Promise<void> {
  const id = sessionStorage.getItem(KEPT_CONVERSATION)
  if (id === null) return
  earlier.value = await fetchConversation(id)
  if (earlier.value === undefined) sessionStorage.removeItem(KEPT_CONVERSATION)
}

function hangUpMicrophone(): void {
  microphone?.close()
  microphone = undefined
  isTalking.value = false
  level.value = 0
}

function loudness(pcm: Int16Array): number {
  let sum = 0
  for (const sample of pcm) sum += sample * sample
  // Speech at arm's length has an RMS of about a tenth of full scale.
  return Math.min(1, Math.sqrt(sum / pcm.length) / 3_277)
}
