// A caller on the line wire over a real socket (line-client.ts). It has no numbers to resume by: it drops the lines that it has.
import { WebSocket } from 'ws'

export class LineCaller {
  readonly lines: string[] = []
  readonly #url: string
  #socket: WebSocket | undefined
  #session = ''
  #token = ''
  #last = 0
  #stopPings: NodeJS.Timeout | undefined

  constructor(edgeUrl: string) {
    this.#url = `${edgeUrl}/ws/line`
  }

  get sessionId(): string {
    return this.#session
  }

  async connect(key: string): Promise<this> {
    await this.#open(`${this.#url}?key=${key}`)
    return this
  }

  async start(): Promise<void> {
    this.say('start')
    await this.next('ready')
  }

  async resume(): Promise<void> {
    const count = this.lines.length
    await this.#open(`${this.#url}?session=${this.#session}&token=${this.#token}`)
    await this.next('resumed', count)
  }

  say(line: string): void {
    this.#socket?.send(line)
  }

  /** Loses the socket without a word. */
  cut(): void {
    clearInterval(this.#stopPings)
    this.#socket?.terminate()
  }

  /** Resolves with a line that begins so. */
  async next(word: string, from = 0): Promise<string> {
    for (const stopAt = Date.now() + 20_000; ;) {
      const found = this.lines.slice(from).find((line) => line.startsWith(word))
      if (found !== undefined) return found
      if (Date.now() > stopAt) throw new Error(`no line ${word} in ${this.lines.join(' | ').slice(0, 1_000)}`)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  closed(): Promise<number> {
    return new Promise((resolve) => this.#socket?.once('close', resolve))
  }

  #open(url: string): Promise<void> {
    const socket = new WebSocket(url, { perMessageDeflate: false })
    this.#socket = socket
    clearInterval(this.#stopPings)
    this.#stopPings = setInterval(() => socket.readyState === WebSocket.OPEN && socket.send('ping'), 1_000)
    socket.on('message', (content: Buffer) => {
      if (socket === this.#socket) this.#hear(content.toString())
    })
    return new Promise((resolve, reject) => {
      socket.on('open', () => resolve())
      socket.on('error', reject)
    })
  }

  #hear(line: string): void {
    if (line === 'pong') return
    const [, number, said = line] = /^(?:(\d+) )?([^]*)$/.exec(line) ?? []
    if (number !== undefined && Number(number) <= this.#last) return
    if (number !== undefined) this.#last = Number(number)
    const [word, first = '', second = ''] = said.split(' ')
    if (word === 'ready') [this.#session, this.#token] = [first, second]
    if (word === 'resumed') this.#token = first
    this.lines.push(said)
  }
}
