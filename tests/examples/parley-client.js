// A complete client of parley.chat.v1 without dependencies, for browsers and for Node 22 or newer. It numbers what it sends,
// acknowledges what it is sent, pings, and resumes after a lost connection without losing a word. Copy it and change it.

const PING = '{"type":"ping"}'
const PONG = '{"type":"pong"}'
/** The edge counts a caller as gone for good after this. */
const RESUME_WITHIN_MS = 30_000
const ACK_AFTER_MS = 200
/** "This socket is over, the session is not." */
const CLOSE_RESUME = 4100
/** "Another socket took this one's place." */
const CLOSE_REPLACED = 4101
/** These faults pass; the edge says when to come again. All others between 4400 and 4499 are for good. */
const CLOSE_RATE_LIMITED = 4429

/** Whether a close code says not to dial again. */
const isForGood = (code) =>
  code === 1000 || code === CLOSE_REPLACED || (code >= 4400 && code < 4500 && code !== CLOSE_RATE_LIMITED)

export class ParleyCall {
  #options
  #socket
  /** What session.ready said; undefined before. */
  #session
  #number = 0
  /** What was sent and is not acknowledged: [number, frame]. Sent again after a resume. */
  #kept = []
  /** The number up to which everything has arrived. */
  #received = 0
  #ackTimer
  #pingTimer
  #heardAt = 0
  #lostAt = 0
  #tries = 0
  #notBefore = 0
  #isLeaving = false
  #isOver = false
  #reason

  /**
   * edge       where it is, such as https://talk.example.org
   * getTicket  resolves to a ticket of POST /api/tickets; a browser asks its own server, so that the key stays there
   * start      what session.start says: personaId, language, conversationId …
   * onMessage  each message of the edge, once and in order
   * onAudio    (turn, Int16Array): a frame of the reply, at audio.outputRate of session.ready
   * onState    'ready', 'reconnecting', or 'ended' with the reason
   */
  constructor(options) {
    this.#options = { start: {}, onMessage() {}, onAudio() {}, onState() {}, ...options }
    void this.#dial()
  }

  /** Says a message such as { type: 'text.send', text }. What is said while the connection is lost is sent after it. */
  send(message) {
    const seq = ++this.#number
    this.#keep(seq, JSON.stringify({ ...message, seq }))
  }

  /** PCM16 of the microphone, 20 to 200 ms, at audio.inputRate of session.ready. */
  sendAudio(pcm) {
    const sequence = ++this.#number
    const frame = new Uint8Array(8 + pcm.byteLength)
    const header = new DataView(frame.buffer)
    header.setUint8(0, 1)
    header.setUint32(4, sequence, true)
    frame.set(new Uint8Array(pcm.buffer, pcm.byteOffset, pcm.byteLength), 8)
    this.#keep(sequence, frame)
  }

  /** Goodbye. The edge answers session.ended; what the persona still has to say comes before it. */
  end() {
    this.#isLeaving = true
    this.#transmit('{"type":"session.end"}')
  }

  // --- the connection ---

  async #dial() {
    const { edge, getTicket } = this.#options
    try {
      const [path, secret] = this.#session
        ? [`${this.#session.resumeUrl}&received=${this.#received}`, `parley.resume.${this.#session.resumeToken}`]
        : ['/ws/chat', `parley.ticket.${await getTicket()}`]
      this.#socket = new WebSocket(edge.replace(/^http/, 'ws') + path, ['parley.chat.v1', secret])
    } catch {
      // No ticket: the edge, or the server in front of it, cannot be reached.
      return this.#lost(0)
    }
    const socket = this.#socket
    socket.binaryType = 'arraybuffer'
    socket.onopen = () => {
      this.#heardAt = Date.now()
      // The first message of a new session has no number. A resumed one needs none.
      if (!this.#session) socket.send(JSON.stringify({ ...this.#options.start, type: 'session.start' }))
    }
    socket.onmessage = ({ data }) => this.#hear(data)
    socket.onclose = ({ code }) => socket === this.#socket && this.#lost(code)
  }

  #lost(code) {
    this.#stopTimers()
    this.#socket = undefined
    if (this.#isOver || isForGood(code)) return this.#ended(this.#reason ?? `closed with ${code}`)
    this.#lostAt ||= Date.now()
    if (Date.now() - this.#lostAt > RESUME_WITHIN_MS) return this.#ended(this.#reason ?? 'connection lost')
    this.#options.onState('reconnecting')
    // 0.2 s, 0.4 s … 5 s, each a little shorter or longer, so that a thousand clients do not come back at once.
    const backoff = Math.min(5_000, 200 * 2 ** this.#tries++) * (0.75 + Math.random() / 2)
    setTimeout(() => void this.#dial(), Math.max(backoff, this.#notBefore - Date.now()))
  }

  #ended(reason) {
    this.#kept = []
    this.#options.onState('ended', reason)
  }

  /** The socket is of no use, and its own close may take minutes to come. */
  #drop() {
    const socket = this.#socket
    this.#lost(CLOSE_RESUME)
    socket?.close(CLOSE_RESUME)
  }

  // --- what comes ---

  #hear(data) {
    this.#heardAt = Date.now()
    if (typeof data !== 'string') {
      const header = new DataView(data)
      const isNew = this.#take(header.getUint32(4, true))
      if (isNew) this.#options.onAudio(header.getUint16(2, true), new Int16Array(data, 8))
      return
    }
    if (data === PONG) return
    const message = JSON.parse(data)
    if (message.seq !== undefined && !this.#take(message.seq)) return
    if (message.type === 'session.ready') this.#begin(message, 0)
    if (message.type === 'session.resumed') this.#begin({ ...this.#session, ...message }, message.received)
    if (message.type === 'ack') this.#kept = this.#kept.filter(([number]) => number > message.received)
    if (message.retryAfterMs !== undefined) this.#notBefore = Date.now() + message.retryAfterMs
    // A fault with a number is about one turn. One without may be why the socket is closed next.
    if (message.type === 'fault' && message.seq === undefined) this.#reason = message.code
    if (message.type === 'session.ended') {
      this.#isOver = true
      this.#reason = message.reason
    }
    this.#options.onMessage(message)
  }

  /** Text and audio share one row of numbers. False for what came before; a gap means that something was lost on the way. */
  #take(number) {
    this.#ackTimer ??= setTimeout(() => {
      this.#ackTimer = undefined
      this.#transmit(JSON.stringify({ type: 'ack', received: this.#received }))
    }, ACK_AFTER_MS)
    if (number <= this.#received) return false
    if (number > this.#received + 1) {
      this.#drop()
      return false
    }
    this.#received = number
    return true
  }

  /** The session is there, or there again: the edge has everything up to `received` and is sent the rest. */
  #begin(session, received) {
    this.#session = session
    this.#reason = undefined
    this.#lostAt = this.#tries = 0
    for (const [number, frame] of this.#kept) if (number > received) this.#transmit(frame)
    if (this.#isLeaving) this.end()
    const { pingEveryMs, deadAfterMs } = session.heartbeat
    this.#pingTimer = setInterval(() => {
      if (Date.now() - this.#heardAt > deadAfterMs) return this.#drop()
      this.#transmit(PING)
    }, pingEveryMs)
    this.#options.onState('ready')
  }

  #stopTimers() {
    clearInterval(this.#pingTimer)
    clearTimeout(this.#ackTimer)
    this.#ackTimer = undefined
  }

  // --- what goes ---

  #keep(number, frame) {
    this.#kept.push([number, frame])
    // Before session.ready nothing may be sent, and after a cut nothing can be: #begin does it then.
    if (this.#session && !this.#lostAt) this.#transmit(frame)
  }

  #transmit(frame) {
    if (this.#socket?.readyState === 1) this.#socket.send(frame)
  }
}

/**
 * Plays a reply in pieces of 100 ms, so that it can be silenced at once. It tells the edge how much was heard: only that counts as
 * said. `sound` makes a piece audible.
 */
export class Loudspeaker {
  /** In the order of their coming: { turn, pcm }. */
  #waiting = []
  #turnIds = new Map()
  #played = new Map()
  #isPaused = false
  #timer

  constructor({ call, rate, sound }) {
    const piece = rate / 10
    this.#timer = setInterval(() => {
      const [first] = this.#waiting
      if (!first || this.#isPaused) return
      const pcm = first.pcm.subarray(0, piece)
      first.pcm = first.pcm.subarray(piece)
      if (first.pcm.length === 0) this.#waiting.shift()
      sound(pcm)
      this.#played.set(first.turn, (this.#played.get(first.turn) ?? 0) + pcm.length)
      this.#tell(call, first.turn)
    }, 100)
  }

  audio(turn, pcm) {
    const last = this.#waiting.at(-1)
    if (last?.turn !== turn) return void this.#waiting.push({ turn, pcm })
    const joined = new Int16Array(last.pcm.length + pcm.length)
    joined.set(last.pcm)
    joined.set(pcm, last.pcm.length)
    last.pcm = joined
  }

  /** What the edge says of a reply: hold it while the caller may be interrupting, go on, or drop what was not heard. */
  message({ type, turnId, turn, status }) {
    if (type === 'reply.started') this.#turnIds.set(turn, turnId)
    if (type === 'reply.paused') this.#isPaused = true
    if (type === 'reply.resumed') this.#isPaused = false
    if (type !== 'reply.done') return
    this.#isPaused = false
    if (status !== 'complete') this.#waiting = this.#waiting.filter((one) => this.#turnIds.get(one.turn) !== turnId)
  }

  close() {
    clearInterval(this.#timer)
  }

  #tell(call, turn) {
    const turnId = this.#turnIds.get(turn)
    if (turnId) call.send({ type: 'playback.progress', turnId, playedSamples: this.#played.get(turn) })
  }
}
