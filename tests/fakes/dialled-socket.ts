// The sockets that a caller's client dials, in memory: a test plays the edge on them. Knows nothing of the real edge.
import type { Frame } from '#shared/link/frame.ts'
import type { SocketLike } from '#shared/link/socket.ts'

export type SentMessage = { type: string } & Record<string, unknown>

export class DialledSocket implements SocketLike {
  readonly url: URL
  readonly protocols: string[]
  readonly sent: Frame[] = []
  closedWith: number | undefined
  readyState = 0
  bufferedAmount = 0
  binaryType = 'blob'
  protocol = ''
  onopen: ((event: never) => void) | null = null
  onmessage: ((event: never) => void) | null = null
  onclose: ((event: never) => void) | null = null
  onerror: ((event: never) => void) | null = null

  constructor(url: string, protocols: string[]) {
    this.url = new URL(url)
    this.protocols = protocols
  }

  // --- the client's side ---

  send(data: Frame): void {
    if (this.readyState !== 1) throw new Error(`WebSocket is not open: readyState ${this.readyState}`)
    this.sent.push(data)
  }

  close(code = 1005): void {
    this.closedWith ??= code
    this.readyState = 3
  }

  // --- the edge's side ---

  open(): this {
    this.readyState = 1
    this.protocol = this.protocols[0] ?? ''
    this.#tell(this.onopen, {})
    return this
  }

  /** A message, or text as it is, or bytes as browsers give them with binaryType arraybuffer. */
  say(frame: object | string | Uint8Array<ArrayBuffer>): this {
    const data = frame instanceof Uint8Array ? frame.slice().buffer : frame
    this.#tell(this.onmessage, {
      data: typeof data === 'string' || data instanceof ArrayBuffer ? data : JSON.stringify(data),
    })
    return this
  }

  /** The edge closes, or the network does: browsers report 1006 for both an upgrade refused and a network lost. */
  fail(code = 1006): void {
    this.readyState = 3
    this.#tell(this.onerror, {})
    this.#tell(this.onclose, { code, reason: '' })
  }

  /** The messages, without the heartbeat. */
  get messages(): SentMessage[] {
    return this.sent
      .filter((frame) => typeof frame === 'string')
      .map((text) => JSON.parse(text) as SentMessage)
      .filter(({ type }) => type !== 'ping' && type !== 'pong')
  }

  get audio(): Array<Uint8Array<ArrayBuffer>> {
    return this.sent.filter((frame) => typeof frame !== 'string')
  }

  get resumeToken(): string | undefined {
    return this.#secret('parley.resume.')
  }

  get ticket(): string | undefined {
    return this.#secret('parley.ticket.')
  }

  #secret(prefix: string): string | undefined {
    return this.protocols.find((name) => name.startsWith(prefix))?.slice(prefix.length)
  }

  #tell(listener: ((event: never) => void) | null, event: object): void {
    // The listeners' own types are narrower than what an event is before it is looked at.
    listener?.(event as never)
  }
}

/** Every socket that was dialled, oldest first. */
export class Dials {
  readonly all: DialledSocket[] = []

  readonly open = (url: string, protocols: string[]): SocketLike => {
    const socket = new DialledSocket(url, protocols)
    this.all.push(socket)
    return socket
  }

  get last(): DialledSocket {
    const socket = this.all.at(-1)
    if (socket === undefined) throw new Error('nothing was dialled')
    return socket
  }
}
