// A caller's end, a middle and a node's end in one place, joined by sockets that a test delivers, breaks and dials anew at
// will. Frames that are on the way when a socket breaks are lost, as they are in life; so is the middle's memory.
import { LinkEnd } from '#shared/link/link-end.ts'
import type { Frame } from '#shared/link/frame.ts'
import { RelayLeg } from '#shared/link/relay-leg.ts'
import { sequenceOf } from '#shared/protocol/audio-frame.ts'
import type { Clock } from '#shared/clock.ts'

export type Side = 'caller' | 'node'

interface Socket {
  /** On the way from the end to the middle, and back. */
  up: Frame[]
  down: Frame[]
}

export class LinkWorld {
  readonly ends: Record<Side, LinkEnd>
  /** The content of what each side sent, and of what it took as new. */
  readonly sent: Record<Side, string[]> = { caller: [], node: [] }
  readonly taken: Record<Side, string[]> = { caller: [], node: [] }
  /** What should never happen between honest ends. */
  readonly wrong: string[] = []
  /** Frames vanish, so that gaps are right. */
  #isLossy = false
  readonly #clock: Clock
  readonly #sockets: Record<Side, Socket | undefined> = { caller: undefined, node: undefined }
  /** Each leg is named after its origin. */
  #legs: Record<Side, RelayLeg>

  constructor(clock: Clock) {
    this.#clock = clock
    const end = (): LinkEnd => new LinkEnd({ clock, onOverflow: () => this.wrong.push('overflow') })
    this.ends = { caller: end(), node: end() }
    this.#legs = { caller: this.#leg(false), node: this.#leg(false) }
  }

  say(side: Side, kind: 'text' | 'audio'): void {
    const content = `${kind}-${this.sent[side].length}`
    this.sent[side].push(content)
    if (kind === 'text') this.ends[side].sendMessage({ type: 'said', content })
    else this.ends[side].sendAudio(0, new TextEncoder().encode(content))
  }

  isConnected(side: Side): boolean {
    return this.#sockets[side] !== undefined
  }

  /** Dials; the end tells what it has, the middle answers what it has and sends what the end lacks. */
  connect(side: Side): void {
    if (this.isConnected(side)) return
    const socket: Socket = { up: [], down: [] }
    this.#sockets[side] = socket
    const [fromEnd, toEnd] = this.#legsAt(side)
    socket.down.push(JSON.stringify({ type: 'resumed', received: fromEnd.received }))
    toEnd.attachFar((frame) => socket.down.push(frame), this.ends[side].received)
    this.#ack('caller')
    this.#ack('node')
  }

  /** The socket breaks, with all that is on the way. */
  disconnect(side: Side): void {
    this.#sockets[side] = undefined
    this.ends[side].detach()
    this.#legsAt(side)[1].detachFar()
  }

  loseMiddle(): void {
    this.disconnect('caller')
    this.disconnect('node')
    this.#legs = { caller: this.#leg(true), node: this.#leg(true) }
  }

  /** Lets up to `count` frames arrive. */
  deliver(side: Side, direction: 'up' | 'down', count: number): void {
    for (let i = 0; i < count; i++) {
      const socket = this.#sockets[side]
      const frame = socket?.[direction].shift()
      if (frame === undefined) return
      if (direction === 'up') this.#atMiddle(side, frame)
      else this.#atEnd(side, frame)
    }
  }

  /** A numbered frame vanishes on its way, as a faulty proxy does it. Whoever sees the gap drops the socket. */
  lose(side: Side, direction: 'up' | 'down'): void {
    const frames = this.#sockets[side]?.[direction] ?? []
    const at = frames.findIndex((frame) => numberIn(frame) !== undefined)
    if (at < 0) return
    frames.splice(at, 1)
    this.#isLossy = true
  }

  /** The socket delivers a frame that has come before, as a replay does that crosses with an ack. */
  repeat(side: Side): void {
    const first = this.#sockets[side]?.down.find((frame) => numberIn(frame) !== undefined)
    if (first !== undefined) this.#sockets[side]?.down.push(first)
  }

  #atMiddle(side: Side, frame: Frame): void {
    const [fromEnd, toEnd] = this.#legsAt(side)
    const seq = numberIn(frame)
    if (seq === undefined) {
      toEnd.acked(receivedIn(frame))
      return this.#ack(other(side))
    }
    if (fromEnd.take(seq, frame) === 'gap') this.#gap(side, `gap at the middle: ${seq} after ${fromEnd.received}`)
  }

  #atEnd(side: Side, frame: Frame): void {
    const end = this.ends[side]
    const seq = numberIn(frame)
    if (seq === undefined) {
      const message = JSON.parse(String(frame)) as { type: string }
      if (message.type === 'ack') return end.acked(receivedIn(frame))
      const socket = this.#sockets[side]
      return end.attach((sent) => socket?.up.push(sent), receivedIn(frame))
    }
    const verdict = end.accept(seq)
    if (verdict === 'gap') this.#gap(side, `gap at the ${side}: ${seq} after ${end.received}`)
    if (verdict === 'new') this.taken[side].push(contentOf(frame))
  }

  #gap(side: Side, what: string): void {
    if (this.#isLossy) this.disconnect(side)
    else this.wrong.push(what)
  }

  /** Tells the origin what its far end has. */
  #ack(origin: Side): void {
    const received = this.#legs[origin].farReceived
    if (received > 0) this.#sockets[origin]?.down.push(JSON.stringify({ type: 'ack', received }))
  }

  /** The leg that comes from the end at this side, and the one that goes to it. */
  #legsAt(side: Side): [RelayLeg, RelayLeg] {
    return [this.#legs[side], this.#legs[other(side)]]
  }

  #leg(isRecovered: boolean): RelayLeg {
    return new RelayLeg({ clock: this.#clock, isRecovered, onOverflow: () => this.wrong.push('overflow') })
  }
}

const other = (side: Side): Side => (side === 'caller' ? 'node' : 'caller')

function numberIn(frame: Frame): number | undefined {
  return typeof frame === 'string' ? (JSON.parse(frame) as { seq?: number }).seq : sequenceOf(frame)
}

const receivedIn = (frame: Frame): number => (JSON.parse(String(frame)) as { received: number }).received

function contentOf(frame: Frame): string {
  if (typeof frame !== 'string') return new TextDecoder().decode(frame.subarray(8))
  return (JSON.parse(frame) as { content: string }).content
}
