// The only client of /ws/chat: page, command line, self-check, tests and bench all use it. It opens, resumes and ends the
// session and numbers what is sent; it knows neither microphone nor loudspeaker, and no runtime.
import { Backoff } from '#shared/backoff.ts'
import type { Clock } from '#shared/clock.ts'
import type { ConversationId, SessionId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import type { SocketLike } from '#shared/link/socket.ts'
import { Machine } from '#shared/machine.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { CLOSE_NORMAL, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { DEFAULT_AUDIO_FORMAT, type AudioFormat, type UnnumberedUp } from '#shared/protocol/session-messages.ts'
import { watchSocket, type CallerSocket } from './caller-socket.ts'
import type { ChatClient, ChatClientOptions, ChatClientState } from './client-options.ts'
import { reduceClient } from './client-reduce.ts'
import {
  firstAttempt,
  knownIds,
  shownState,
  type ClientEffect,
  type ClientEvent,
  type ClientState,
} from './client-state.ts'
import { resumeAddress, startAddress, type DialAddress } from './dial-address.ts'
import { createInbox, type Inbox } from './inbox.ts'
import { LastFault } from './last-fault.ts'
import { outgoingFrames } from './outgoing-frames.ts'
import { Unsent } from './unsent.ts'

/** After end(): how long the edge may take to say goodbye. */
const GOODBYE_MS = 5_000
/** After the socket is open: how long the edge may take to find a node, which is given 2 s to answer, or the next one. */
const GREETING_MS = 30_000

export const createChatClient = (options: ChatClientOptions): ChatClient => new Client(options)

class Client implements ChatClient {
  readonly #options: ChatClientOptions
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #audio: AudioFormat
  readonly #machine: Machine<ClientState, ClientEvent, ClientEffect>
  #link: LinkEnd
  #inbox: Inbox
  #socket: CallerSocket | undefined
  #cancelTimer: (() => void) | undefined
  #shown: ChatClientState = 'connecting'
  readonly #lastFault: LastFault
  #wasReady = false
  readonly #unsent = new Unsent()
  #goodbye: PromiseWithResolvers<void> | undefined
  readonly #due = (): void => this.#dispatch({ type: 'due' })

  constructor(options: ChatClientOptions) {
    this.#options = options
    this.#clock = options.clock
    this.#lastFault = new LastFault(options.clock)
    this.#backoff = new Backoff(options.random)
    this.#audio = { ...DEFAULT_AUDIO_FORMAT, ...options.start?.audio }
    this.#link = this.#newLink()
    this.#inbox = this.#newInbox()
    const patientUntil = options.clock.now() + (options.conflictPatienceMs ?? 0)
    this.#machine = new Machine<ClientState, ClientEvent, ClientEffect>({
      state: firstAttempt(options.start?.conversationId, patientUntil),
      reduce: (state, event) => reduceClient(state, event, this.#clock.now()),
      perform: (effect) => this.#perform(effect),
      onStep: () => this.#show(),
      ending: { type: 'broke' },
      onBroken: (error) => this.#report(error),
    })
    this.#dial()
  }

  get sessionId(): SessionId | undefined {
    return knownIds(this.#state).sessionId
  }

  get conversationId(): ConversationId | undefined {
    return knownIds(this.#state).conversationId
  }

  sendAudio(pcm: Int16Array): void {
    if (this.#state.type === 'ended') return
    for (const frame of outgoingFrames(pcm, this.#audio.inputRate)) this.#link.sendAudio(0, frame)
  }

  send(message: UnnumberedUp): void {
    if (this.#state.type === 'ended') return
    this.#link.sendMessage(message)
    if (this.#state.type !== 'live') this.#unsent.keep(message)
  }

  async end(): Promise<void> {
    if (this.#state.type === 'ended') return
    if (this.#state.type !== 'live') return this.#dispatch({ type: 'ended', reason: 'caller' })
    if (this.#goodbye !== undefined) return this.#goodbye.promise
    this.#goodbye = Promise.withResolvers<void>()
    this.#transmit('{"type":"session.end"}')
    const cancel = this.#clock.after(GOODBYE_MS, () => this.#dispatch({ type: 'ended', reason: 'caller' }))
    await this.#goodbye.promise
    cancel()
  }

  dropConnection(): void {
    if (this.#socket !== undefined) this.#drop()
  }

  networkChanged(): void {
    this.#backoff.progressed()
    if (this.#state.type === 'live') return this.#socket?.probe()
    // A dial by the network that was: another one is made.
    if (this.#socket !== undefined) this.#drop()
    if (this.#state.type !== 'waiting') return
    this.#cancelTimer?.()
    this.#due()
  }

  get #state(): ClientState {
    return this.#machine.state
  }

  #dispatch(event: ClientEvent): void {
    this.#machine.dispatch(event)
  }

  /** There is no log here: a bug that nobody takes is the host's, as any other that nobody caught. */
  #report(error: unknown): void {
    const { onBug } = this.#options
    if (onBug) return onBug(error)
    queueMicrotask(() => {
      throw error
    })
  }

  #perform(effect: ClientEffect): void {
    switch (effect.type) {
      case 'dial':
        return this.#dial()
      case 'greet':
        return this.#greet()
      case 'wait':
        return this.#after(this.#backoff.nextDelayMs(this.#lastFault.waitMs(effect.retryAfterMs)), this.#due)
      case 'hangUp':
        return this.#hangUp(CLOSE_NORMAL)
      case 'finish':
        this.#cancelTimer?.()
        this.#link.close()
        return this.#goodbye?.resolve()
      default:
        return unreachable(effect)
    }
  }

  #show(): void {
    const ended = this.#state.type === 'ended' ? this.#state.reason : undefined
    const shown = shownState(this.#state, this.#wasReady)
    if (shown === 'ready') this.#wasReady = true
    if (shown === this.#shown) return
    this.#shown = shown
    this.#options.onState(shown, ended ?? this.#lastFault.now()?.code)
  }

  #after(ms: number, run: () => void): void {
    this.#cancelTimer?.()
    this.#cancelTimer = this.#clock.after(ms, run)
  }

  #dial(): void {
    const lost = this.#state.type === 'dialling' ? this.#state.lost : undefined
    const { url } = this.#options
    const asking = lost ? resumeAddress(url, lost, this.#link.received) : startAddress(this.#options)
    Promise.resolve(asking).then(
      (address) => {
        if (this.#state.type !== 'dialling') return
        if (!address.ok) return this.#dispatch(address.fault)
        this.#open(address.value)
      },
      (error: unknown) => this.#machine.guard(() => raise(error)),
    )
  }

  #greet(): void {
    this.#after(GREETING_MS, () => this.#drop())
    if (this.#state.type !== 'greeting' || this.#state.lost !== undefined) return
    const { conversationId } = this.#state
    const start = { ...this.#options.start, type: 'session.start', ...(conversationId && { conversationId }) }
    // The link waits for session.ready: until then every fault is about this message, and a lost session may live on.
    this.#transmit(JSON.stringify(start))
  }

  /** In the place of a lost session the numbers begin anew, and the new one is given what was never sent. */
  #begin(): void {
    const unsent = this.#unsent.take()
    if (this.#wasReady) {
      this.#link.close()
      this.#link = this.#newLink()
      this.#inbox = this.#newInbox()
      for (const message of unsent) this.#link.sendMessage(message)
    }
    this.#link.attach((frame) => this.#transmit(frame))
  }

  #open({ url, protocols }: DialAddress): void {
    let socket: SocketLike
    try {
      socket = this.#options.openSocket(url, protocols)
    } catch {
      // No address at all, or none that may be dialled from here: no later try can succeed.
      return this.#dispatch({ type: 'ended', reason: 'invalid_message' })
    }
    this.#socket = watchSocket(socket, this.#clock, {
      onOpen: () => this.#dispatch({ type: 'opened' }),
      onData: (data) => this.#machine.guard(() => this.#inbox.take(data)),
      onLost: (code) => this.#lost(code),
    })
  }

  #drop(): void {
    this.#hangUp(CLOSE_RESUME)
    this.#lost(CLOSE_RESUME)
  }

  #lost(code: number): void {
    this.#link.detach()
    // Whoever has said goodbye does not come back to hear the answer.
    if (this.#goodbye !== undefined) return this.#dispatch({ type: 'ended', reason: 'caller' })
    this.#dispatch({ type: 'closed', code, retryAfterMs: this.#lastFault.now()?.retryAfterMs ?? 0 })
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
      onProgress: () => this.#backoff.progressed(),
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
      // This client acknowledges, so there is a token; without one a lost session is begun anew.
      const { sessionId, conversationId, resumeToken = '' } = message
      this.#begin()
      this.#cancelTimer?.()
      this.#dispatch({ type: 'ready', session: { sessionId, conversationId, resumeToken } })
    }
    if (message.type === 'session.resumed') {
      this.#cancelTimer?.()
      this.#unsent.take()
      this.#dispatch({ type: 'resumed', resumeToken: message.resumeToken })
      this.#link.attach((frame) => this.#transmit(frame), message.received)
    }
    const fault = this.#lastFault.tell(message)
    this.#options.onMessage(message)
    if (fault !== undefined) this.#dispatch({ type: 'faulted', code: fault })
    if (message.type === 'session.ended')
      this.#dispatch({ type: 'ended', reason: this.#goodbye ? 'caller' : this.#lastFault.behind(message.reason) })
  }
}

function raise(error: unknown): never {
  throw error
}
