// The node's one control socket: hello, status, offers, requests, and the way of finished turns to the edge.
// Made in gpu-node/start-node.ts. Knows the wire parley.node.v1; knows no session, no turn's content and no engine.
import { Backoff } from '#shared/backoff.ts'
import type { Clock } from '#shared/clock.ts'
import { publicFault } from '#shared/fault-table.ts'
import { faultOf, notFound } from '#shared/fault.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import type { Frame } from '#shared/link/frame.ts'
import type { Log } from '#shared/log.ts'
import { decode } from '#shared/protocol/decode.ts'
import { EDGE_DEAD_AFTER_MS, MAX_NODE_MESSAGE_BYTES, PING_EVERY_MS } from '#shared/protocol/limits.ts'
import type { NodeControlMessage, NodeStatus } from '#shared/protocol/node-messages.ts'
import { EdgeControlMessage } from '#shared/protocol/node-messages.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import { NODE_PROTOCOL } from '#shared/protocol/version.ts'
import type { Connection } from './connect-once.ts'
import { Dialler } from './dialler.ts'
import type { ConnectionEnd } from './refusal.ts'
import { isPermanentForNode } from './refusal.ts'

/** A status is sent when it changes, and at least this often: a fleet that lost count is right again after it. */
const STATUS_EVERY_MS = 5_000

export type Offer = Extract<EdgeControlMessage, { type: 'session.offer' }>
type Request = Extract<EdgeControlMessage, { type: 'request' }>

export interface ControlLinkOptions {
  /** ws: or wss:, without a path. */
  edgeUrl: string
  token: string
  name: string
  version: string
  clock: Clock
  log: Log
  random?: () => number
  status: () => NodeStatus
  /** The edge knows this node now: finished turns may go. */
  onWelcome: (nodeId: NodeId) => void
  onLost: () => void
  onOffer: (offer: Offer) => void
  onRevoked: (sessionId: SessionId, reason: EndReason) => void
  onStored: (turnId: string) => void
  onRejected: (turnId: string, code: string) => void
  onDrain: () => void
  /** What the edge may ask, by name. Each reads its own params and may reject with a FaultError; the signal ends work of no use. */
  methods: Readonly<Record<string, (params: unknown, signal: AbortSignal) => Promise<unknown>>>
  /** The edge refuses this node for good. */
  onRefused: (end: ConnectionEnd) => void
}

export class ControlLink {
  readonly #options: ControlLinkOptions
  readonly #dialler: Dialler
  #connection: Connection | undefined
  #isWelcome = false
  #isDraining = false
  #stopStatus: () => void = () => {}

  constructor(options: ControlLinkOptions) {
    this.#options = options
    const { edgeUrl, token, clock, log, random } = options
    this.#dialler = new Dialler({
      address: () => ({ url: `${edgeUrl}/node/control`, protocols: [NODE_PROTOCOL], token }),
      isPermanent: isPermanentForNode,
      giveUpAfterMs: Infinity,
      longestWaitMs: Infinity,
      pingEveryMs: PING_EVERY_MS,
      deadAfterMs: EDGE_DEAD_AFTER_MS,
      clock,
      log,
      backoff: new Backoff(random),
      onOpen: (connection) => this.#opened(connection),
      onFrame: (frame) => this.#received(frame),
      onLost: (end) => this.#lost(end),
      onGiveUp: (end) => {
        this.#stopStatus()
        options.onRefused(end)
      },
    })
  }

  start(): void {
    this.#stopStatus = this.#options.clock.every(STATUS_EVERY_MS, () => this.statusChanged())
    this.#dialler.start()
  }

  stop(): void {
    this.#stopStatus()
    this.#isWelcome = false
    this.#connection = undefined
    this.#dialler.stop()
  }

  /** Whether the edge has welcomed this node on the connection that is open. */
  get isWelcome(): boolean {
    return this.#isWelcome
  }

  /** False when there is no edge to take it: the message is then gone. */
  send(message: NodeControlMessage): boolean {
    if (!this.#connection) return false
    this.#connection.send(JSON.stringify(message))
    return true
  }

  statusChanged(): void {
    if (this.#isWelcome) this.send({ type: 'node.status', ...this.#options.status() })
  }

  /** Said again after each reconnect: an edge that restarted does not know it. */
  drain(): void {
    this.#isDraining = true
    this.send({ type: 'node.draining' })
  }

  #opened(connection: Connection): void {
    const { name, version, status } = this.#options
    this.#connection = connection
    this.send({ type: 'node.hello', name, version, ...status() })
    if (this.#isDraining) this.drain()
  }

  #lost(end: ConnectionEnd): void {
    this.#connection = undefined
    this.#isWelcome = false
    this.#options.log.warn({ reason: end.reason }, 'lost the edge')
    this.#options.onLost()
  }

  #received(frame: Frame): void {
    if (typeof frame !== 'string') return this.#options.log.warn({}, 'the edge sent audio on the control socket')
    const message = decode(EdgeControlMessage, frame, MAX_NODE_MESSAGE_BYTES)
    if (message.ok) return this.#take(message.value)
    // An older node under a newer edge meets messages that it does not know; they are not for it.
    this.#options.log.warn({ fault: message.fault }, 'cannot read a message of the edge')
  }

  #take(message: EdgeControlMessage): void {
    const { log, onStored, onRejected, onRevoked, onOffer, onDrain } = this.#options
    switch (message.type) {
      case 'node.welcome':
        return this.#welcomed(message.nodeId)
      case 'session.offer':
        return onOffer(message)
      case 'session.revoked':
        return onRevoked(message.sessionId, message.reason)
      case 'turn.stored':
        return onStored(message.turnId)
      case 'turn.rejected':
        return onRejected(message.turnId, message.code)
      case 'node.drain':
        return onDrain()
      case 'goaway':
        return this.#dialler.goAway(message.retryAfterMs)
      case 'request':
        return this.#answer(message)
      case 'fault':
        return log.warn({ code: message.code, issues: message.issues }, 'the edge answered with a fault')
      default:
        return unreachable(message)
    }
  }

  #welcomed(nodeId: NodeId): void {
    this.#isWelcome = true
    this.#options.log.info({ nodeId }, 'joined the edge')
    this.#options.onWelcome(nodeId)
  }

  /** An answer after the deadline is nobody's any more, but does no harm. */
  #answer({ id, method, params, deadlineMs }: Request): void {
    const { methods, log } = this.#options
    const answering =
      methods[method]?.(params, AbortSignal.timeout(deadlineMs)) ?? Promise.reject(notFound('method', method))
    answering.then(
      (result) => this.send({ type: 'response', id, result }),
      (error: unknown) => {
        const fault = faultOf(error)
        if (fault.code === 'internal') log.error({ error, method }, 'cannot answer the edge')
        this.send({ type: 'response', id, fault: { type: 'fault', ...publicFault(fault) } })
      },
    )
  }
}
