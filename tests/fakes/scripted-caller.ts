// A caller over a real socket, driven by a test: says what it is told to, keeps what it hears, loses its socket and
// resumes on demand. Thinner than the product's own client, so that it can also be rude.
import { WebSocket, type RawData } from 'ws'
import { systemClock } from '#shared/clock.ts'
import type { Frame } from '#shared/link/frame.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { PONG } from '#shared/protocol/decode.ts'
import { CHAT_PROTOCOL, RESUME_PREFIX } from '#shared/protocol/version.ts'
import { Inbox } from './inbox.ts'

export class ScriptedCaller {
  readonly heard = new Inbox<ChatDown>()
  readonly audio: Uint8Array[] = []
  readonly link = new LinkEnd({ clock: systemClock, onOverflow: () => {} })
  readonly #url: string
  #socket: WebSocket | undefined
  #resume = { sessionId: '', token: '' }

  constructor(edgeUrl: string) {
    this.#url = `${edgeUrl}/ws/chat`
  }

  /** Resolves when the socket is open; rejects with status and body when the upgrade was refused. */
  connect(headers: Record<string, string>, protocols: string[] = [CHAT_PROTOCOL]): Promise<this> {
    return this.#open(this.#url, protocols, headers)
  }

  /** Until session.ready. */
  async start(start: object = {}): Promise<Extract<ChatDown, { type: 'session.ready' }>> {
    this.sendRaw(JSON.stringify({ type: 'session.start', ...start }))
    return this.heard.next('session.ready')
  }

  /** Loses the socket without a word. */
  cut(): void {
    this.link.detach()
    this.#socket?.terminate()
  }

  async resume(received = this.link.received, token = this.#resume.token): Promise<void> {
    const url = `${this.#url}?session=${this.#resume.sessionId}&received=${received}`
    await this.#open(url, [CHAT_PROTOCOL, RESUME_PREFIX + token], {})
    await this.heard.next('session.resumed')
  }

  get resumeToken(): string {
    return this.#resume.token
  }

  /** The subprotocol that the edge answered with. */
  get protocol(): string | undefined {
    return this.#socket?.protocol
  }

  sendRaw(frame: Frame): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame)
  }

  /** The close code, once the socket has closed. */
  closed(): Promise<number> {
    return new Promise((resolve) => this.#socket?.once('close', resolve))
  }

  close(): void {
    this.link.close()
    this.#socket?.terminate()
  }

  #open(url: string, protocols: string[], headers: Record<string, string>): Promise<this> {
    const socket = new WebSocket(url, protocols, { headers, perMessageDeflate: false })
    this.#socket = socket
    socket.on('message', (content: RawData, isBinary: boolean) => {
      if (socket === this.#socket) this.#hear(content, isBinary)
    })
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve(this))
      socket.on('error', reject)
      socket.on('unexpected-response', (_request, response) => {
        let body = ''
        response.on('data', (part: Buffer) => (body += part.toString()))
        response.on('end', () => reject(Object.assign(new Error(body), { status: response.statusCode ?? 0, body })))
      })
    })
  }

  #hear(content: RawData, isBinary: boolean): void {
    const bytes = new Uint8Array(Array.isArray(content) ? Buffer.concat(content) : content)
    if (isBinary) {
      const read = decodeAudioFrame(bytes, 48_000)
      if (read.ok && this.link.accept(read.value.sequence) === 'new') this.audio.push(read.value.pcm)
      return
    }
    const text = new TextDecoder().decode(bytes)
    if (text === PONG) return
    const message = JSON.parse(text) as ChatDown
    if ('seq' in message && message.seq !== undefined && this.link.accept(message.seq) !== 'new') return
    this.#act(message)
    this.heard.put(message)
  }

  #act(message: ChatDown): void {
    if (message.type === 'ack') this.link.acked(message.received)
    if (message.type !== 'session.ready' && message.type !== 'session.resumed') return
    this.#resume = { sessionId: message.sessionId, token: message.resumeToken ?? '' }
    this.link.attach((frame) => this.sendRaw(frame), message.type === 'session.resumed' ? message.received : 0)
  }
}
