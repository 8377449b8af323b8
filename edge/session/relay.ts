// The two legs of a session's link at the edge: what comes from one end is numbered, kept and passed on to the other, and an end
// is told of an acknowledgement only once the other end has given it. Owned by traffic.ts; knows numbers, not meanings.
import type { Clock } from '#shared/clock.ts'
import { type Fault, invalidFault } from '#shared/fault.ts'
import type { Frame } from '#shared/link/frame.ts'
import { ackText } from '#shared/protocol/ack.ts'
import { Intake } from './intake.ts'

export interface RelayPorts {
  clock: Clock
  /** Dropped where the socket is gone; what is numbered is sent again after the resume. */
  toCaller(frame: Frame): void
  toNode(frame: Frame): void
  /** A leg keeps more than it may. */
  onOverflow(fault: Fault): void
  /** Frames were lost on the way: this peer must dial again and resume. */
  onGap(peer: 'caller' | 'node'): void
}

export class Relay {
  readonly #ports: RelayPorts
  readonly #up: Intake
  readonly #down: Intake
  /** False where the caller said that he acknowledges nothing: then the edge does it for him, and he cannot resume. */
  callerAcks = true
  #hasCaller: boolean
  #isEnding = false

  /** `isRecovered`: the session is older than this memory, and its ends will say where they stand. */
  constructor(ports: RelayPorts, isRecovered: boolean) {
    this.#ports = ports
    const onOverflow = (fault: Fault): void => ports.onOverflow(fault)
    this.#up = new Intake(ports.clock, onOverflow, isRecovered)
    this.#down = new Intake(ports.clock, onOverflow, isRecovered)
    this.#hasCaller = !isRecovered
  }

  /** The highest numbers that were taken from either side. */
  get received(): { fromCaller: number; fromNode: number } {
    return { fromCaller: this.#up.leg.received, fromNode: this.#down.leg.received }
  }

  /** The highest numbers of the other side that an end can truly say it has. */
  get claimable(): { fromCaller: number; fromNode: number } {
    return { fromCaller: this.#up.claimable, fromNode: this.#down.claimable }
  }

  /** A socket of the caller is there: he gets what he lacks; without `received`, all that he has not acknowledged. */
  attachCaller(received: number | undefined): void {
    this.#hasCaller = true
    this.#down.leg.attachFar((frame) => this.#ports.toCaller(frame), received)
    this.#ackCaller()
    this.#ackNode()
  }

  attachNode(received: number): void {
    this.#up.leg.attachFar((frame) => this.#ports.toNode(frame), received)
    this.#ackNode()
    this.#ackCaller()
  }

  detachCaller(): void {
    this.#hasCaller = false
    this.#up.originLost()
    this.#down.leg.detachFar()
    this.#ackForCaller()
  }

  detachNode(): void {
    this.#down.originLost()
    this.#up.leg.detachFar()
  }

  /** The node says its last words; without a caller nobody else will acknowledge them. */
  farewell(): void {
    this.#isEnding = true
    this.#ackForCaller()
  }

  close(): void {
    this.#up.leg.close()
    this.#down.leg.close()
  }

  /** False for what was taken before, or comes too early: it counts when it is taken. */
  takeUp(seq: number, frame: Frame): boolean {
    const outcome = this.#up.take(seq, frame)
    if (outcome === 'gap') this.#ports.onGap('caller')
    return outcome === 'relayed'
  }

  takeDown(seq: number, frame: Frame): boolean {
    const outcome = this.#down.take(seq, frame)
    if (outcome === 'gap') this.#ports.onGap('node')
    this.#ackForCaller()
    return outcome === 'relayed'
  }

  /** A frame of the caller that will not be relayed still uses up its number, where that could be read. */
  skipUp(seq: number | undefined): void {
    this.#up.skip(seq)
  }

  skipDown(seq: number | undefined): void {
    this.#down.skip(seq)
  }

  /** The caller has the node's messages up to this number: only now may the node be told. Gives what is wrong with it. */
  ackedByCaller(received: number): Fault | undefined {
    return this.#acked(this.#down, received) ?? this.#ackNode()
  }

  ackedByNode(received: number): Fault | undefined {
    return this.#acked(this.#up, received) ?? this.#ackCaller()
  }

  #acked({ leg }: Intake, received: number): Fault | undefined {
    if (received > leg.received) return invalidFault(`ack.received: expected at most ${leg.received}`)
    leg.acked(received)
    return undefined
  }

  #ackCaller(): undefined {
    const received = this.#up.leg.farReceived
    if (received > 0) this.#ports.toCaller(ackText(received))
  }

  #ackNode(): undefined {
    const received = this.#down.leg.farReceived
    if (received > 0) this.#ports.toNode(ackText(received))
  }

  /**
   * Why the node gave up, as the caller is told: its link is full where he acknowledged nothing. Any other code is for the
   * node's own log; to him it is a bug of ours.
   */
  faultOfNode(code: string): Fault {
    return code === 'too_large' ? this.#down.leg.overflow() : { code: 'internal' }
  }

  /**
   * A caller who cannot acknowledge has what was sent to him. And a node that waits for a caller who hung up would hold its slot
   * and the conversation.
   */
  #ackForCaller(): void {
    const isGone = this.#isEnding && !this.#hasCaller
    if (this.callerAcks && !isGone) return
    this.#down.leg.acked(this.#down.leg.received)
    this.#ackNode()
  }
}
