// One caller's call, as the page sees it: owns client, microphone and loudspeaker, and keeps what is shown in signals.
// It knows nothing of how it is drawn.
import { computed, signal } from '@preact/signals'
import type { ChatClient, ChatClientState } from '#shared/client/client-options.ts'
import { createChatClient } from '#shared/client/chat-client.ts'
import { emptyView, hasTurn, reduceView, type ConversationView } from '#shared/client/conversation-view.ts'
import { createPlayback, type Playback } from '#shared/client/playback.ts'
import { systemClock } from '#shared/clock.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import { FaultError, type FaultCode } from '#shared/fault.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { DEFAULT_AUDIO_FORMAT, type EndReason, type UnnumberedUp } from '#shared/protocol/session-messages.ts'
import { access } from './access.ts'
import { endText, faultText, type Mode } from './call-text.ts'
import { isLikeMe, startChoices } from './choices.ts'
import { mintTicket } from './edge-api.ts'
import { forgetConversation, keepConversation, keptConversation, recall } from './kept-conversation.ts'
import { loudness, openMicrophone, type Microphone } from './microphone.ts'
import { dropChosenVoice } from './voices.ts'
import { createWebSpeaker, type WebSpeaker } from './web-speaker.ts'

export interface Banner {
  /** A banner about the `connection` goes away by itself once the page is connected. */
  about: 'connection' | 'turn' | 'notice'
  text: string
}

export const view = signal<ConversationView>(emptyView)
export const link = signal<'idle' | ChatClientState>('idle')
export const isTalking = signal(false)
export const banner = signal<Banner | undefined>(undefined)
/** Loudness of the microphone, 0–1, for the bars on the button. */
export const level = signal(0)
/** Texts that were sent and that the node has not taken up yet. */
export const pending = signal<readonly string[]>([])
/** The text in the write box. A text that could not be sent comes back here. */
export const draft = signal('')

const isAsking = signal(false)
export const mode = computed<Mode>(() => {
  if (isAsking.value) return 'asking'
  if (link.value === 'connecting' || link.value === 'reconnecting') return link.value
  const { activity } = view.value
  if (activity === 'thinking' || activity === 'speaking') return activity
  if (!isTalking.value) return 'idle'
  return activity === 'hearing' ? 'hearing' : 'listening'
})

/** A page that was left without a goodbye holds its conversation for 30 s (CALLER_GONE_MS); its successor waits that long. */
const CONFLICT_PATIENCE_MS = 35_000
/** While the connection is lost, speech is kept for this long. Older words no longer matter. */
const MAX_KEPT_SPEECH_MS = 10_000

interface Call {
  client: ChatClient
  playback: Playback
}

let call: Call | undefined
let speaker: WebSpeaker | undefined
let microphone: Microphone | undefined
let awaySince = 0

/** The button: begins or ends talking. */
export async function toggleTalking(): Promise<void> {
  if (isAsking.value) return
  banner.value = undefined
  if (microphone !== undefined) return stopTalking()
  // Before anything is awaited: browsers unlock sound only while the click is fresh.
  unlockedSpeaker()
  isAsking.value = true
  try {
    microphone = await openMicrophone({ onFrame: speak, onLost: lostMicrophone })
    isTalking.value = true
    open()
  } catch (error) {
    banner.value = { about: 'turn', text: error instanceof Error ? error.message : String(error) }
  } finally {
    isAsking.value = false
  }
}

export function write(text: string): void {
  banner.value = undefined
  unlockedSpeaker()
  pending.value = [...pending.value, text]
  open().client.send({ type: 'text.send', text })
}

/** Silences the persona; what was heard is kept. */
export function stopReply(): void {
  if (mode.value === 'thinking' || mode.value === 'speaking') call?.client.send({ type: 'reply.interrupt' })
}

/** Changes the session that is open. A later session begins with what is chosen by then. */
export function tellSession(change: Omit<Extract<UnnumberedUp, { type: 'session.update' }>, 'type'>): void {
  if (link.value === 'ready' || link.value === 'reconnecting') call?.client.send({ type: 'session.update', ...change })
}

/** Begins anew: the next words open another conversation. */
export function startOver(): void {
  hangUp()
  forgetConversation()
  view.value = emptyView
  banner.value = undefined
}

/** The voice of a session never changes. So the session ends, and the next one continues the conversation in the new voice. */
export function endForNewVoice(): void {
  if (link.value === 'idle' || link.value === 'ended') return
  hangUp()
  banner.value = { about: 'notice', text: 'From the next words on you are answered in that voice.' }
}

/** Ends the call without a trace on the page. Also called when the page goes away, so that its conversation is free at once. */
export function hangUp(): void {
  const ended = call
  call = undefined
  closeMicrophone()
  ended?.playback.close()
  void ended?.client.end()
  pending.value = []
  link.value = 'idle'
}

/** The browser says that the network is another one, or the page is seen again: after a sleep nobody knows what still stands. */
export function networkChanged(): void {
  call?.client.networkChanged()
}

// --- the session ---

/** The open call; opens one where there is none. */
function open(): Call {
  if (call !== undefined && link.value !== 'ended') return call
  call?.playback.close()
  const conversationId = keptConversation()
  const client = createChatClient({
    url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}`,
    openSocket: (url, protocols) => new WebSocket(url, protocols),
    credentials: async () => ({ ticket: await ticketOrBanner() }),
    clock: systemClock,
    start: { audio: DEFAULT_AUDIO_FORMAT, ...startChoices(), ...(conversationId !== undefined && { conversationId }) },
    conflictPatienceMs: CONFLICT_PATIENCE_MS,
    // A call that was hung up may still receive its last messages. They are not shown.
    onMessage: (message) => isCurrent() && show(message),
    onAudio: (turn, pcm) => isCurrent() && opened.playback.audio(turn, pcm),
    onState: (state, detail) => isCurrent() && changed(state, detail),
  })
  const playback = createPlayback({
    clock: systemClock,
    speaker: unlockedSpeaker(),
    onProgress: (turnId, playedSamples) => client.send({ type: 'playback.progress', turnId, playedSamples }),
  })
  const opened = { client, playback }
  const isCurrent = (): boolean => call === opened
  call = opened
  link.value = 'connecting'
  awaySince = systemClock.now()
  return opened
}

async function ticketOrBanner(): Promise<string> {
  try {
    return await mintTicket()
  } catch (error) {
    const code: FaultCode = error instanceof FaultError ? error.fault.code : 'unavailable'
    banner.value = { about: 'connection', text: faultText({ code, message: FAULT_TABLE[code].text }) }
    throw error
  }
}

function show(message: ChatDown): void {
  call?.playback.message(message)
  if (message.type === 'transcript.final') takeUp(message.turnId)
  view.value = reduceView(view.value, message)
  if (message.type === 'session.ready') {
    keepConversation(message.conversationId)
    if (isLikeMe.value) tellSession({ voice: { source: 'caller', consent: true } })
    // The last turn of the session before may have been stored only now.
    void recall()
  }
  // A fault of a turn is shown at that turn.
  if (message.type === 'fault' && !hasTurn(view.value, message.turnId))
    banner.value = { about: link.value === 'ready' ? 'turn' : 'connection', text: faultText(message) }
  if (message.type === 'session.notice') {
    banner.value = { about: 'notice', text: view.value.notices.at(-1) ?? 'The reply is limited.' }
    if (message.notice === 'voiceUnavailable' && message.detail === 'caller') isLikeMe.value = false
  }
}

/** A turn without an utterance was written. Its text is no longer pending. */
function takeUp(turnId: string): void {
  if (!view.value.turns.some((turn) => turn.turnId === turnId)) pending.value = pending.value.slice(1)
}

function changed(state: ChatClientState, detail: EndReason | FaultCode | undefined): void {
  link.value = state
  if (state === 'ready') {
    if (banner.value?.about === 'connection') banner.value = undefined
    return
  }
  awaySince = systemClock.now()
  if (state !== 'ended') return
  closeMicrophone()
  draft.value ||= pending.value.join(' ')
  pending.value = []
  if (detail === 'not_found' && !dropChosenVoice()) forgetConversation()
  if (detail === 'unauthenticated') access.value = 'out'
  // The banner of its fault already says which quota, and until when.
  if (detail === 'quota_exhausted' && banner.value !== undefined) return
  const text = endText(detail)
  banner.value = text === undefined ? undefined : { about: 'connection', text }
}

// --- microphone and loudspeaker ---

function speak(pcm: Int16Array): void {
  level.value = loudness(pcm)
  if (link.value !== 'ready' && systemClock.now() - awaySince > MAX_KEPT_SPEECH_MS) return
  call?.client.sendAudio(pcm)
}

function stopTalking(): void {
  closeMicrophone()
  // Without the silence that ends an utterance the node would wait for more of it.
  call?.client.send({ type: 'utterance.commit' })
  // Nobody waits for an answer.
  if (link.value === 'connecting' && pending.value.length === 0) hangUp()
}

function lostMicrophone(): void {
  stopTalking()
  banner.value = {
    about: 'turn',
    text: 'The microphone was taken away. Press the button to try again, or write below.',
  }
}

function closeMicrophone(): void {
  microphone?.close()
  microphone = undefined
  isTalking.value = false
  level.value = 0
}

function unlockedSpeaker(): WebSpeaker {
  speaker ??= createWebSpeaker(DEFAULT_AUDIO_FORMAT.outputRate)
  speaker.unlock()
  return speaker
}
