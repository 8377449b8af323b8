// The only client of /ws/chat: page, command line, self-check, tests and bench all use it. It opens, resumes and ends the
// session and numbers what is sent; it knows neither microphone nor loudspeaker, and no runtime.
import { pcmToBytes } from '#shared/audio/pcm.ts'
import { Backoff } from '#shared/backoff.ts'
import type { Clock } from '#shared/clock.ts'
import { FaultError, type FaultCode } from '#shared/fault.ts'
import type { ConversationId, SessionId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import type { ChatDown, SessionStart } from '#shared/protocol/chat-messages.ts'
import { CLOSE_NORMAL, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { DEFAULT_AUDIO_FORMAT, type AudioFormat, type UnnumberedUp } from '#shared/protocol/session-messages.ts'
import { CHAT_PROTOCOL, RESUME_PREFIX, TICKET_PREFIX } from '#shared/protocol/version.ts'
import { watchSocket, type CallerSocket } from './caller-socket.ts'
import type { ChatClient, ChatClientOptions, ChatClientState } from './client-options.ts'
import { reduceClient, type ClientEffect, type ClientEvent, type ClientState } from './client-state.ts'
import { createInbox, type Inbox } from './inbox.ts'

/** One audio frame up: longer waits would be heard as delay, shorter ones only cost headers. */
const MAX_SENT_FRAME_MS = 100
/** After end(): how long the edge may take to say goodbye. */
const GOODBYE_MS = 5_000
export function createChatClient(options: ChatClientOptions): ChatClient {
  return new Client(options)
}

class Client implements ChatClient {
  readonly #options: ChatClientOptions
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #audio: AudioFormat
  #state: ClientState
  #link: LinkEnd
  #inbox: Inbox
  #socket: CallerSocket | undefined
  #cancelTimer: (() => void) | undefined
  #shown: ChatClientState = 'connecting'
  #lastFault: { code: FaultCode; retryAfterMs: number } | undefined
  #wasReady = false
  #onEnded: (() => void) | undefined

  constructor(options: ChatClientOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#backoff = new Backoff(options.random)
    this.#audio = { ...DEFAULT_AUDIO_FORMAT, ...options.start?.audio }
    this.#link = this.#newLink()
    this.#inbox = this.#newInbox()
    this.#state = { type: 'dialling', lost: undefined, conversationId: options.start?.conversationId }
    void this.#dial()
  }

  get sessionId(): SessionId | undefined {
    if (this.#state.type === 'live') return this.#state.session.sessionId
    return this.#state.type === 'ended' ? undefined : this.#state.lost?.sessionId
  }

  get conversationId(): ConversationId | undefined {
    if (this.#state.type === 'live') return this.#state.session.conversationId
    return this.#state.type === 'ended' ? undefined : this.#state.conversationId
  }

  sendAudio(pcm: Int16Array): void {
    if (this.#state.type === 'ended') return
    const max = (this.#audio.inputRate * MAX_SENT_FRAME_MS) / 1000
    for (let at = 0; at < pcm.length; at += max) this.#link.sendAudio(0, pcmToBytes(pcm.subarray(at, at + max)))
  }

  send(message: UnnumberedUp): void {
    if (this.#state.type !== 'ended') this.#link.sendMessage(message)
  }

  async end(): Promise<void> {
    if (this.#state.type === 'ended') return
    if (this.#state.type !== 'live') return this.#dispatch({ type: 'ended', reason: 'caller' })
    const goodbye = new Promise<void>((resolve) => {
      this.#onEnded = resolve
    })
    this.#transmit('{"type":"session.end"}')
    const cancel = this.#clock.after(GOODBYE_MS, () => this.#dispatch({ type: 'ended', reason: 'caller' }))
    await goodbye
    cancel()
  }

  dropConnection(): void {
    if (this.#socket !== undefined) this.#drop()
  }

  // --- state and effects ---

  #dispatch(event: ClientEvent): void {
    const step = reduceClient(this.#state, event, this.#clock.now())
    this.#state = step.state
    for (const effect of step.effects) this.#perform(effect)
    this.#show()
  }

  #perform(effect: ClientEffect): void {
    switch (effect.type) {
      case 'dial':
        return void this.#dial()
      case 'greet':
        return this.#greet()
      case 'wait':
        this.#cancelTimer?.()
        this.#cancelTimer = this.#clock.after(this.#backoff.nextDelayMs(effect.retryAfterMs), () =>
          this.#dispatch({ type: 'due' }),
        )
        return
      case 'hangUp':
        return this.#hangUp(CLOSE_NORMAL)
      default:
        return unreachable(effect)
    }
  }

  #show(): void {
    const ended = this.#state.type === 'ended' ? this.#state.reason : undefined
    const shown = this.#shownState()
    if (shown === 'ready') this.#wasReady = true
    if (shown === 'ended') {
      this.#cancelTimer?.()
      this.#link.close()
      this.#onEnded?.()
    }
    if (shown === this.#shown) return
    this.#shown = shown
    this.#options.onState(shown, ended ?? this.#lastFault?.code)
  }

  #shownState(): ChatClientState {
    if (this.#state.type === 'ended') return 'ended'
    if (this.#state.type === 'live') return 'ready'
    return this.#wasReady ? 'reconnecting' : 'connecting'
  }

  async #dial(): Promise<void> {
    const { lost } = this.#state.type === 'dialling' ? this.#state : { lost: undefined }
    const protocols: string[] = [CHAT_PROTOCOL]
    if (lost === undefined) {
      const credentials = await this.#credentials()
      if (credentials === undefined || this.#state.type !== 'dialling') return
      if (credentials.ticket !== undefined) protocols.push(TICKET_PREFIX + credentials.ticket)
    } else {
      protocols.push(RESUME_PREFIX + lost.resumeToken)
    }
    const query = lost === undefined ? '' : `?session=${lost.sessionId}&received=${this.#link.received}`
    this.#open(`${this.#options.url.replace(/\/$/, '')}/ws/chat${query}`, protocols)
  }

  async #credentials(): Promise<{ ticket?: string } | undefined> {
    try {
      return (await this.#options.credentials?.()) ?? {}
    } catch (error) {
      const isRefused = error instanceof FaultError && error.fault.code === 'unauthenticated'
      if (isRefused) this.#dispatch({ type: 'ended', reason: 'unauthenticated' })
      else this.#dispatch({ type: 'closed', code: CLOSE_RESUME })
      return undefined
    }
  }

  #greet(): void {
    if (this.#state.type !== 'greeting' || this.#state.lost !== undefined) return
    // What a former session has acknowledged is over with it; what no session ever saw is still to be sent.
    if (this.#wasReady) {
      this.#link.close()
      this.#link = this.#newLink()
      this.#inbox = this.#newInbox()
    }
    const { conversationId } = this.#state
    const start: SessionStart = {
      ...this.#options.start,
      type: 'session.start',
      ...(conversationId && { conversationId }),
    }
    this.#transmit(JSON.stringify(start))
    this.#link.attach((frame) => this.#transmit(frame))
  }

  // --- the socket ---

  #open(url: string, protocols: string[]): void {
    this.#socket = watchSocket(this.#options.openSocket(url, protocols), this.#clock, {
      onOpen: () => {
        this.#backoff.connected(this.#clock.now())
        this.#dispatch({ type: 'opened' })
      },
      onData: (data) => this.#inbox.take(data),
      onLost: (code) => this.#lost(code),
    })
  }

  #drop(): void {
    this.#hangUp(CLOSE_RESUME)
    this.#lost(CLOSE_RESUME)
  }

  #lost(code: number): void {
    this.#link.detach()
    this.#backoff.disconnected(this.#clock.now())
    this.#dispatch({ type: 'closed', code, retryAfterMs: this.#lastFault?.retryAfterMs ?? 0 })
    this.#lastFault = undefined
  }

  #hangUp(code: number): void {
    this.#link.detach()
    this.#socket?.close(code)
    this.#socket = undefined
  }

  #transmit(frame: string | Uint8Array<ArrayBuffer>): void {
    this.#socket?.transmit(frame)
  }

  #newLink(): LinkEnd {
    return new LinkEnd({
      clock: this.#clock,
      // A minute without any acknowledgement: what is lost can no longer be made good by resuming.
      onOverflow: () => this.#dispatch({ type: 'ended', reason: 'too_large' }),
    })
  }

  #newInbox(): Inbox {
    return createInbox({
      link: this.#link,
      outputRate: this.#audio.outputRate,
      transmit: (text) => this.#transmit(text),
      onGap: () => this.#drop(),
      onUnreadable: (fault) => this.#options.onUnreadable?.(fault),
      onAudio: (turn, pcm) => this.#options.onAudio(turn, pcm),
      onMessage: (message) => this.#receive(message),
    })
  }

  #receive(message: ChatDown): void {
    if (message.type === 'session.ready') {
      const { sessionId, conversationId, resumeToken } = message
      this.#dispatch({ type: 'ready', session: { sessionId, conversationId, resumeToken } })
    }
    if (message.type === 'session.resumed') {
      this.#dispatch({ type: 'resumed', resumeToken: message.resumeToken })
      this.#link.attach((frame) => this.#transmit(frame), message.received)
    }
    if (message.type === 'fault')
      this.#lastFault = { code: message.code as FaultCode, retryAfterMs: message.retryAfterMs ?? 0 }
    this.#options.onMessage(message)
    if (message.type === 'session.ended') this.#dispatch({ type: 'ended', reason: message.reason })
  }
}
