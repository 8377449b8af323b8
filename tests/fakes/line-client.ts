// A client of another wire, as edge/clients has them: lines of text with the audio in base64, spoken by people without numbers.
// Small, and real: it numbers, acknowledges, translates and keeps, so that a session outlives its far end's socket and memory.
//
// Up: `start` · `audio BASE64` · `commit` · `clear` · `say TEXT` · `end` · `ping`. Down: `ready SESSION TOKEN` · `resumed TOKEN` ·
// `cleared` · `fault CODE` · `ended REASON` · `pong`, and with the number of what is said, so that the far end can drop what it
// has: `N final TEXT` · `N reply TEXT` · `N done STATUS` · `N audio BASE64`.
import type { Client, ClientParts, MakeClient } from '#edge/clients/client.ts'
import type { RoomSocket } from '#edge/rooms-ports.ts'
import type { Frame } from '#shared/link/frame.ts'
import { LinkEnd } from '#shared/link/link-end.ts'
import { decodeAudioFrame } from '#shared/protocol/audio-frame.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { CLOSE_RESUME } from '#shared/protocol/close-codes.ts'

export const LINE_WIRE = 'line'
export const makeLineClient: MakeClient = (parts) => new LineClient(parts)

const HIGHEST_RATE = 48_000
/** Of a far end; as many texts as fit into what may be kept. */
const MAX_UNACKED_TEXTS = 8

type Said = { type: 'utterance.commit' | 'utterance.clear' } | { type: 'text.send'; text: string }

/** What the next client needs. */
interface Kept {
  /** Texts that the node may not have, by their numbers. */
  texts: Array<[seq: number, said: Said]>
  /** The number of the newest audio that was on its way when something was kept; 0 where all of it had arrived. */
  audio: number
}

class LineClient implements Client {
  readonly #parts: ClientParts
  readonly #socket: RoomSocket
  readonly #earlier: Kept
  #link: LinkEnd | undefined
  #texts: Kept['texts'] = []
  #audio = 0
  #kept: string | undefined
  #isAudioKept = false
  #heardAt: number

  constructor(parts: ClientParts) {
    this.#parts = parts
    this.#socket = parts.socket
    this.#heardAt = parts.clock.now()
    const { earlier } = parts
    this.#kept = earlier?.kept
    this.#earlier = earlier?.kept === undefined ? { texts: [], audio: 0 } : JSON.parse(earlier.kept)
  }

  // --- the room's side: a socket ---

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount
  }

  get heardAt(): number {
    return this.#heardAt
  }

  get kept(): string | undefined {
    return this.#kept
  }

  send(frame: Frame): void {
    if (typeof frame === 'string') return this.#hear(JSON.parse(frame) as ChatDown)
    const read = decodeAudioFrame(frame, HIGHEST_RATE)
    if (!read.ok) return
    const { sequence, pcm } = read.value
    this.#numbered(sequence, `audio ${btoa(String.fromCharCode(...pcm))}`)
  }

  close(code: number, reason: string): void {
    this.closed()
    this.#socket.close(code, reason)
  }

  // --- the far end's side ---

  closed(): void {
    this.#link?.close()
  }

  message(frame: Frame): void {
    this.#heardAt = this.#parts.clock.now()
    const [, word = '', rest = ''] = /^(\S+) ?([^]*)$/.exec(String(frame)) ?? []
    if (word === 'ping') return this.#say('pong')
    if (word === 'start') return this.#parts.toRoom('{"type":"session.start"}')
    if (word === 'end') return this.#parts.toRoom('{"type":"session.end"}')
    if (!this.#link) return this.#say('fault not_ready')
    switch (word) {
      case 'audio':
        this.#audio = this.#link.sendAudio(
          0,
          Uint8Array.from(atob(rest), (byte) => byte.charCodeAt(0)),
        )
        // Kept once while audio is on its way, not at each frame.
        return this.#isAudioKept ? undefined : this.#keep()
      case 'say':
        return this.#send({ type: 'text.send', text: rest })
      case 'commit':
      case 'clear':
        return this.#send({ type: `utterance.${word}` })
      default:
        return this.#say('fault invalid_message')
    }
  }

  // --- private ---

  #hear(message: ChatDown): void {
    if ('seq' in message && message.seq !== undefined) return this.#numbered(message.seq, lineOf(message))
    switch (message.type) {
      case 'session.ready':
        this.#link = this.#newLink()
        return this.#say(`ready ${message.sessionId} ${message.resumeToken}`)
      case 'session.resumed':
        return this.#resumed(message)
      case 'ack':
        return this.#acked(message.received)
      case 'fault':
        return this.#say(`fault ${message.code}`)
      case 'session.ended':
        return this.#say(`ended ${message.reason}`)
      default:
    }
  }

  /** Goes on after what the node has. */
  #resumed({ received, resumeToken }: Extract<ChatDown, { type: 'session.resumed' }>): void {
    const link = this.#newLink({ firstSeq: received + 1, isRecovered: true })
    this.#link = link
    this.#say(`resumed ${resumeToken}`)
    if (!this.#parts.earlier?.wasForgotten) {
      // The room has all that the client before said, and will say what the node has of it.
      this.#texts = this.#earlier.texts
      this.#audio = this.#earlier.audio
      return this.#keep()
    }
    const { texts, audio } = this.#earlier
    if (audio > 0) {
      this.#say('cleared')
      link.sendMessage({ type: 'utterance.clear' })
    }
    for (const [seq, said] of texts) if (seq > received && (audio === 0 || said.type === 'text.send')) this.#send(said)
    this.#keep()
  }

  #newLink(at: { firstSeq?: number; isRecovered?: boolean } = {}): LinkEnd {
    const link = new LinkEnd({
      clock: this.#parts.clock,
      ...at,
      onOverflow: (fault) => this.#say(`fault ${fault.code}`),
    })
    link.attach((frame) => this.#parts.toRoom(frame))
    return link
  }

  #numbered(seq: number, line: string | undefined): void {
    const outcome = this.#link?.accept(seq)
    if (outcome === 'gap') return this.close(CLOSE_RESUME, 'gap in the numbers')
    if (outcome === 'new' && line !== undefined) this.#say(`${seq} ${line}`)
  }

  #send(said: Said): void {
    if (this.#texts.length >= MAX_UNACKED_TEXTS) return this.#say('fault rate_limited')
    const seq = this.#link?.sendMessage(said)
    if (seq !== undefined) this.#texts.push([seq, said])
    this.#keep()
  }

  #acked(received: number): void {
    this.#link?.acked(received)
    const texts = this.#texts.filter(([seq]) => seq > received)
    const audio = received >= this.#audio ? 0 : this.#audio
    if (texts.length === this.#texts.length && audio === this.#audio) return
    this.#texts = texts
    this.#audio = audio
    this.#keep()
  }

  #keep(): void {
    this.#isAudioKept = this.#audio > 0
    this.#kept = JSON.stringify({ texts: this.#texts, audio: this.#audio } satisfies Kept)
  }

  #say(line: string): void {
    this.#socket.send(line)
  }
}

function lineOf(message: ChatDown): string | undefined {
  switch (message.type) {
    case 'transcript.final':
      return `final ${message.text}`
    case 'reply.text':
      return `reply ${message.text}`
    case 'reply.done':
      return `done ${message.status}`
    default:
      return undefined
  }
}
