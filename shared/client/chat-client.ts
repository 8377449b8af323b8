// The only client of /ws/chat: page, command line, self-check, tests and bench all use it. It opens, resumes and ends the
// session and numbers what is sent; it knows neither microphone nor loudspeaker, and no runtime.
import { Backoff } from '#shared/backoff.ts'
import type { Clock } from '#shared/clock.ts'
import { FaultError, type Fault, type FaultCode } from '#shared/fault.ts'
import type { ConversationId, SessionId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import { startKeepalive, type Keepalive } from '#shared/link/keepalive.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import { SOCKET_OPEN, type SocketLike } from '#shared/link/socket.ts'
import type { ChatDown, SessionStart } from '#shared/protocol/chat-messages.ts'
import { CLOSE_NORMAL, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { CALLER_DEAD_AFTER_MS, PING_EVERY_MS } from '#shared/protocol/limits.ts'
import {
  DEFAULT_AUDIO_FORMAT,
  type AudioFormat,
  type EndReason,
  type UnnumberedUp,
} from '#shared/protocol/session-messages.ts'
import { CHAT_PROTOCOL, RESUME_PREFIX, TICKET_PREFIX } from '#shared/protocol/version.ts'
import { reduceClient, type ClientEffect, type ClientEvent, type ClientState } from './client-state.ts'
import { createInbox, type Inbox } from './inbox.ts'
import { pcmToBytes } from '#shared/audio/pcm.ts'

/** One audio frame up: longer waits would be heard as delay, shorter ones only cost headers. */
const MAX_SENT_FRAME_MS = 100
/** After end(): how long the edge may take to say goodbye. */
const GOODBYE_MS = 5_000
/** A dial that is neither open nor refused by then is given up. */
const DIAL_TIMEOUT_MS = 10_000

export type ChatClientState = 'connecting' | 'ready' | 'reconnecting' | 'ended'

export interface ChatClientOptions {
  /** `ws(s)://host[:port]` of the edge; /ws/chat is appended. */
  url: string
  openSocket(url: string, protocols: string[]): SocketLike
  /** Asked before each dial of a new session. Rejecting with an unauthenticated FaultError ends the client. */
  credentials?: () => Promise<{ ticket?: string }>
  clock: Clock
  start?: Omit<SessionStart, 'type'>
  onMessage(message: ChatDown): void
  /** PCM16 mono at the agreed output rate, of the turn with this ordinal. */
  onAudio(turn: number, pcm: Int16Array): void
  /** `detail`: why it ended, or the fault for which it connects again. */
  onState(state: ChatClientState, detail?: EndReason | FaultCode): void
  /** What the server sent and this client could not read. */
  onUnreadable?: (fault: Fault) => void
  random?: () => number
}

export interface ChatClient {
  readonly sessionId: SessionId | undefined
  readonly conversationId: ConversationId | undefined
  /** PCM16 mono at the agreed input rate; kept (within the link's bounds) while there is no connection. */
  sendAudio(pcm: Int16Array): void
  send(message: UnnumberedUp): void
  /** Ends the session and resolves when the edge has said goodbye, or after 5 s. */
  end(): Promise<void>
  /** Drops the socket as a lost network would: the client then resumes by itself. */
  dropConnection(): void
}

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
  #socket: SocketLike | undefined
  #keepalive: Keepalive | undefined
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
    this.#lose(CLOSE_RESUME)
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
        return this.#forgetSocket(CLOSE_NORMAL)
      default:
        return unreachable(effect)
    }
  }

  #show(): void {
    const ended = this.#state.type === 'ended' ? this.#state.reason : undefined
    const shown =
      ended !== undefined
        ? 'ended'
        : this.#state.type === 'live'
          ? 'ready'
          : this.#wasReady
            ? 'reconnecting'
            : 'connecting'
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
    this.#listen(this.#options.openSocket(`${this.#options.url.replace(/\/$/, '')}/ws/chat${query}`, protocols))
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

  #listen(socket: SocketLike): void {
    this.#socket = socket
    socket.binaryType = 'arraybuffer'
    const isCurrent = (): boolean => this.#socket === socket
    const cancelDial = this.#clock.after(DIAL_TIMEOUT_MS, () => isCurrent() && this.#lose(CLOSE_RESUME))
    this.#cancelTimer?.()
    this.#cancelTimer = cancelDial
    socket.onopen = () => {
      if (!isCurrent()) return
      cancelDial()
      this.#keepalive = startKeepalive({
        clock: this.#clock,
        pingEveryMs: PING_EVERY_MS,
        deadAfterMs: CALLER_DEAD_AFTER_MS,
        send: (text) => this.#transmit(text),
        onDead: () => this.#lose(CLOSE_RESUME),
      })
      this.#backoff.connected(this.#clock.now())
      this.#dispatch({ type: 'opened' })
    }
    socket.onmessage = ({ data }: { data: string | ArrayBuffer }) => {
      if (!isCurrent()) return
      this.#keepalive?.heard()
      this.#inbox.take(data)
    }
    // What went wrong is told by the close that follows.
    socket.onerror = () => {}
    socket.onclose = ({ code }: { code: number }) => {
      if (isCurrent()) this.#lose(code)
    }
  }

  /** The connection is over, whoever ended it. */
  #lose(code: number): void {
    if (this.#socket === undefined) return
    this.#forgetSocket(CLOSE_RESUME)
    this.#backoff.disconnected(this.#clock.now())
    this.#dispatch({ type: 'closed', code, retryAfterMs: this.#lastFault?.retryAfterMs ?? 0 })
    this.#lastFault = undefined
  }

  #forgetSocket(code: number): void {
    const socket = this.#socket
    this.#socket = undefined
    this.#keepalive?.stop()
    this.#link.detach()
    if (socket !== undefined && socket.readyState <= SOCKET_OPEN) socket.close(code)
  }

  #transmit(frame: string | Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState === SOCKET_OPEN) this.#socket.send(frame)
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
      onGap: () => this.#lose(CLOSE_RESUME),
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
