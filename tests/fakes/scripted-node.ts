// A GPU node without a GPU: speaks both node wires over real sockets and answers by a script. Audio comes back as it
// went up; text.send and utterance.commit get a whole turn. Remembers what it was told.
import { WebSocket, type RawData } from 'ws'
import { publicFault } from '#shared/fault-table.ts'
import { FaultError } from '#shared/fault.ts'
import { newId, type SessionId } from '#shared/ids.ts'
import { systemClock } from '#shared/clock.ts'
import type { Frame } from '#shared/link/frame.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import { NO_TIMINGS, type TurnRecord } from '#shared/model/turn.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import type { EdgeControlMessage, NodeControlMessage, NodeStatus } from '#shared/protocol/node-messages.ts'
import type { EdgeSessionMessage, SessionBegin } from '#shared/protocol/session-messages.ts'
import { NODE_PROTOCOL, RESUME_PREFIX, SESSION_PROTOCOL, TICKET_PREFIX } from '#shared/protocol/version.ts'
import { Inbox } from './inbox.ts'
import { bytesOf, textOf } from './raw-data.ts'

const PING_EVERY_MS = 500

export interface ScriptedNodeOptions {
  edgeUrl: string
  token: string
  name?: string
  slots?: number
  /** What it does with an offer; accept when absent. */
  offers?: 'accept' | 'decline' | 'ignore' | 'acceptWithoutDialling'
  /** What it answers to `request`, by method: a result, or a FaultError. Without one it stays silent. */
  answers?: Record<string, (params: unknown) => unknown>
  /** What it says of its engines; none when absent. */
  engines?: NodeStatus['engines']
}

export class ScriptedNode {
  readonly told = new Inbox<EdgeControlMessage>()
  readonly sessions = new Map<SessionId, ScriptedSession>()
  readonly #options: ScriptedNodeOptions
  #control: WebSocket | undefined
  #stopPings: () => void = () => {}

  constructor(options: ScriptedNodeOptions) {
    this.#options = options
  }

  /** Resolves once the edge has welcomed it. */
  async join(): Promise<this> {
    const { edgeUrl, token, name = 'scripted' } = this.#options
    const control = open(`${edgeUrl}/node/control`, [NODE_PROTOCOL], token)
    this.#control = control
    control.on('open', () => this.say({ type: 'node.hello', name, version: '0.0.0', ...this.#status() }))
    control.on('message', (content: RawData) => this.#hear(textOf(content)))
    this.#stopPings = systemClock.every(PING_EVERY_MS, () => write(control, PING))
    await this.told.next('node.welcome')
    return this
  }

  say(message: NodeControlMessage): void {
    if (this.#control) write(this.#control, JSON.stringify(message))
  }

  finish(session: ScriptedSession, turn: TurnRecord): void {
    const { sessionId, conversationId } = session.about
    this.say({ type: 'turn.finished', sessionId, conversationId, turn })
  }

  /** The session that was placed here, once its caller can be told ready. */
  async session(): Promise<ScriptedSession> {
    const { sessionId } = await this.told.next('session.offer')
    const session = this.sessions.get(sessionId)
    if (!session) throw new Error('the offer was not accepted')
    await session.begun
    return session
  }

  /** The whole node is gone, as when its power fails. */
  die(): void {
    this.#stopPings()
    this.#control?.terminate()
    for (const session of this.sessions.values()) session.die()
  }

  /** Only the control socket is cut. */
  cutControl(): void {
    this.#stopPings()
    this.#control?.terminate()
  }

  #status() {
    const { slots = 4, engines = [] } = this.#options
    const sessions = [...this.sessions.keys()]
    return { slots, freeSlots: slots - sessions.length, sessions, engines, vram: null }
  }

  #hear(text: string): void {
    if (text === PONG) return
    const message = JSON.parse(text) as EdgeControlMessage
    if (message.type === 'session.offer') this.#consider(message)
    if (message.type === 'session.revoked' && this.sessions.delete(message.sessionId))
      this.say({ type: 'node.status', ...this.#status() })
    if (message.type === 'request') void this.#answer(message)
    this.told.put(message)
  }

  async #answer({ id, method, params }: Extract<EdgeControlMessage, { type: 'request' }>): Promise<void> {
    const result = await this.#options.answers?.[method]?.(params)
    if (result instanceof FaultError)
      this.say({ type: 'response', id, fault: { type: 'fault', ...publicFault(result.fault) } })
    else if (result !== undefined) this.say({ type: 'response', id, result })
  }

  #consider({ sessionId, epoch, ticket }: Extract<EdgeControlMessage, { type: 'session.offer' }>): void {
    const { offers = 'accept', edgeUrl, token } = this.#options
    if (offers === 'ignore') return
    if (offers === 'decline') return this.say({ type: 'offer.declined', sessionId, epoch, code: 'no_capacity' })
    this.say({ type: 'offer.accepted', sessionId, epoch })
    if (offers === 'acceptWithoutDialling') return
    const session = new ScriptedSession({ url: `${edgeUrl}/node/session/${sessionId}`, token })
    this.sessions.set(sessionId, session)
    session.dial([SESSION_PROTOCOL, TICKET_PREFIX + ticket])
  }
}

/** One session at a scripted node. */
export class ScriptedSession {
  readonly told = new Inbox<EdgeSessionMessage>()
  /** Audio of the caller, in order. */
  readonly audio: Uint8Array[] = []
  readonly begun: Promise<SessionBegin>
  readonly #address: { url: string; token: string }
  #socket: WebSocket | undefined
  #link: LinkEnd | undefined
  #begin: SessionBegin | undefined
  #resumeToken = ''
  #turn = 0
  #stopPings: () => void = () => {}

  constructor(address: { url: string; token: string }) {
    this.#address = address
    this.begun = this.told.next('session.begin')
  }

  get about(): SessionBegin {
    if (!this.#begin) throw new Error('session.begin has not come')
    return this.#begin
  }

  get link(): LinkEnd {
    if (!this.#link) throw new Error('session.begin has not come')
    return this.#link
  }

  dial(protocols: string[], query = ''): WebSocket {
    const socket = open(this.#address.url + query, protocols, this.#address.token)
    this.#socket = socket
    this.#stopPings()
    this.#stopPings = systemClock.every(PING_EVERY_MS, () => write(socket, PING))
    socket.on('message', (content: RawData, isBinary: boolean) => {
      if (socket === this.#socket) this.#hear(isBinary ? bytesOf(content) : textOf(content))
    })
    return socket
  }

  /** Loses the socket and dials again with the resume token. */
  async redial(): Promise<void> {
    this.cut()
    this.dial([SESSION_PROTOCOL, RESUME_PREFIX + this.#resumeToken], `?received=${this.link.received}`)
    await this.told.next('session.resumed')
  }

  /** Loses the socket. */
  cut(): void {
    this.#link?.detach()
    this.#socket?.terminate()
  }

  die(): void {
    this.#stopPings()
    this.cut()
    this.#link?.close()
  }

  sendRaw(frame: Frame): void {
    if (this.#socket) write(this.#socket, frame)
  }

  #hear(frame: Frame): void {
    if (frame === PONG) return
    if (typeof frame !== 'string') return this.#hearAudio(frame)
    const message = JSON.parse(frame) as EdgeSessionMessage
    if ('seq' in message && message.type !== 'fault' && this.link.accept(message.seq) !== 'new') return
    this.#act(message)
    this.told.put(message)
  }

  #act(message: EdgeSessionMessage): void {
    switch (message.type) {
      case 'session.begin':
        this.#begin = message
        this.#resumeToken = message.resumeToken
        this.#turn = message.nextTurn - 1
        this.#link = new LinkEnd({ clock: systemClock, firstSeq: message.nextSeq, onOverflow: () => {} })
        this.#link.attach((frame) => this.sendRaw(frame))
        return this.sendRaw(JSON.stringify({ type: 'session.begun', engines: [] }))
      case 'session.resumed':
        this.#resumeToken = message.resumeToken
        return this.link.attach((frame) => this.sendRaw(frame), message.received)
      case 'ack':
        return this.link.acked(message.received)
      case 'text.send':
        return this.#reply(message.text)
      case 'utterance.commit':
        return this.#reply(`${this.audio.length} frames`)
      case 'session.end':
        this.#stopPings()
        return this.#socket?.close(1000, 'done')
      default:
    }
  }

  #hearAudio(frame: Uint8Array<ArrayBuffer>): void {
    const read = decodeAudioFrame(frame, this.about.audio.inputRate)
    if (!read.ok || this.link.accept(read.value.sequence) !== 'new') return
    this.audio.push(read.value.pcm)
    this.link.sendAudio(this.#turn + 1, read.value.pcm)
  }

  #reply(text: string): void {
    const turnId = newId('turn')
    const turn = ++this.#turn
    this.link.sendMessage({ type: 'transcript.final', turnId, text, language: 'en' })
    this.link.sendMessage({ type: 'reply.started', turnId, turn })
    this.link.sendMessage({ type: 'reply.text', turnId, text: `You said ${text}.`, startSample: 0 })
    const done = { type: 'reply.done', turnId, status: 'complete', replyText: `You said ${text}.`, sentSamples: 0 }
    this.link.sendMessage({ ...done, heardText: '', timings: NO_TIMINGS })
  }
}

function open(url: string, protocols: string[], token: string): WebSocket {
  const socket = new WebSocket(url, protocols, {
    headers: { authorization: `Bearer ${token}` },
    perMessageDeflate: false,
  })
  // Tests look at what the edge did, not at how a socket died.
  socket.on('error', () => {})
  return socket
}

function write(socket: WebSocket, frame: Frame): void {
  if (socket.readyState === WebSocket.OPEN) socket.send(frame)
}
