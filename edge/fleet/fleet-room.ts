// The room of the fleet: owns which nodes are here, their slots and the offers that are out, and does what
// fleet-reduce.ts decides. A host drives it by connect, message, close and alarm; it has no timers of its own.
// Session rooms reach it through the Fleet port; it knows no session's content.
import type { Fleet, NodeView, RoomSocket } from '#edge/ports.ts'
import { FAULT_TABLE, publicFault } from '#shared/fault-table.ts'
import { notFound, type Fault } from '#shared/fault.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import type { Frame } from '#shared/link/frame.ts'
import { CLOSE_REPLACED, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import type { NodeControlMessage } from '#shared/protocol/node-messages.ts'
import { ControlPeer, readControl } from './control-peer.ts'
import type { FleetRoomPorts } from './fleet-ports.ts'
import { reduceFleet } from './fleet-reduce.ts'
import {
  EMPTY_FLEET,
  fleetDeadline,
  heldSessions,
  viewsOf,
  type FleetEffect,
  type FleetEvent,
  type FleetState,
} from './fleet-state.ts'
import { NodeRequests, type NodeRequest } from './node-requests.ts'
import { deliverTurn } from './turn-delivery.ts'
import { WaitingPlacements } from './waiting-placements.ts'

export class FleetRoom implements Fleet {
  readonly #ports: FleetRoomPorts
  readonly #peers = new Map<NodeId, ControlPeer>()
  readonly #waiting = new WaitingPlacements()
  readonly #requests = new NodeRequests()
  #state: FleetState = EMPTY_FLEET

  constructor(ports: FleetRoomPorts) {
    this.#ports = ports
  }

  // --- the four verbs ---

  /** A second control socket of a node takes the first one's place. */
  connect(socket: RoomSocket, { nodeId }: { nodeId: NodeId }): void {
    this.#peers.get(nodeId)?.close(CLOSE_REPLACED, 'replaced')
    this.#peers.set(nodeId, new ControlPeer(nodeId, socket, this.#ports.clock.now()))
    this.#ports.metrics.count('node_connections')
    this.#happened({ type: 'connected', nodeId })
  }

  message(socket: RoomSocket, frame: Frame): void {
    const peer = this.#peerOf(socket)
    if (!peer || peer.heard(frame, this.#ports.clock.now())) return
    const read = readControl(frame)
    if (!read.ok) return this.#refuse(peer, read.fault)
    this.#take(peer, read.value)
    this.#sweep()
  }

  close(socket: RoomSocket): void {
    const peer = this.#peerOf(socket)
    if (!peer) return
    this.#peers.delete(peer.nodeId)
    this.#happened({ type: 'disconnected', nodeId: peer.nodeId })
  }

  alarm(): void {
    const now = this.#ports.clock.now()
    for (const peer of this.#peers.values()) {
      if (peer.deadAt > now) continue
      peer.close(CLOSE_RESUME, 'silent')
      this.#peers.delete(peer.nodeId)
      this.#ports.log.warn({ nodeId: peer.nodeId }, 'a node fell silent')
      this.#happened({ type: 'died', nodeId: peer.nodeId })
    }
    this.#requests.expire(now)
    this.#happened({ type: 'alarm' })
  }

  /**
   * The room stands where an earlier one was forgotten: `sockets` are those that are still open. An offer that was out has
   * nobody left who waits for its answer.
   */
  wake(state: FleetState, sockets: Array<{ nodeId: NodeId; socket: RoomSocket; since: number }>): void {
    this.#state = state
    for (const { nodeId, socket, since } of sockets) this.#peers.set(nodeId, new ControlPeer(nodeId, socket, since))
    for (const sessionId of state.pending.keys()) this.#happened({ type: 'release', sessionId, reason: 'shutdown' })
    for (const [nodeId, { presence }] of state.nodes) {
      const isOpen = presence.is === 'here' || presence.is === 'greeting'
      if (isOpen && !this.#peers.has(nodeId)) this.#happened({ type: 'disconnected', nodeId })
    }
    this.#ports.setAlarm(this.#nextAlarm())
  }

  // --- the port ---

  nodes(): Promise<NodeView[]> {
    return Promise.resolve(viewsOf(this.#state))
  }

  place({ engines = {}, ...offer }: Parameters<Fleet['place']>[0]): Promise<NodeId> {
    const placement = this.#waiting.wait(offer.sessionId)
    this.#happened({ type: 'place', offer, engines })
    return placement
  }

  request(request: NodeRequest): Promise<unknown> {
    const { nodeId } = request
    if (this.#state.nodes.get(nodeId)?.presence.is !== 'here') return Promise.reject(notFound('node', nodeId))
    const now = this.#ports.clock.now()
    const answer = this.#requests.ask(request, now, (message) => this.#peers.get(nodeId)?.send(message))
    this.#ports.setAlarm(this.#nextAlarm())
    return answer
  }

  sessionIds(): SessionId[] {
    return heldSessions(this.#state)
  }

  release(sessionId: SessionId, reason: Parameters<Fleet['release']>[1]): Promise<void> {
    this.#happened({ type: 'release', sessionId, reason })
    return Promise.resolve()
  }

  /** Calls first: a node without its control socket has no way to hear of them. */
  async goAway(retryAfterMs: number): Promise<{ nodes: number; sessions: number }> {
    const held = heldSessions(this.#state)
    await this.#ports.sessions.goAway(held, retryAfterMs)
    const peers = [...this.#peers.values()]
    for (const peer of peers) peer.goAway(retryAfterMs)
    this.#sweep()
    return { nodes: peers.length, sessions: held.length }
  }

  /** Asks a node to take no new session; live ones finish. */
  drain(nodeId: NodeId): void {
    this.#happened({ type: 'drain', nodeId })
  }

  /** Its token is good no more: it is told so and gone at once. Calls on its data sockets run to their end. */
  turnAway(nodeId: NodeId): void {
    this.#turnAway(nodeId, { code: 'unauthenticated' })
    this.#happened({ type: 'died', nodeId })
  }

  // --- private ---

  #take(peer: ControlPeer, message: NodeControlMessage): void {
    const { nodeId } = peer
    const { presence } = this.#state.nodes.get(nodeId) ?? { presence: { is: 'lost' } }
    if ((message.type === 'node.hello') !== (presence.is === 'greeting')) {
      const issue = message.type === 'node.hello' ? 'node.hello: only once' : `${message.type} before node.hello`
      return this.#refuse(peer, { code: 'invalid_message', issues: [issue] })
    }
    switch (message.type) {
      case 'node.hello': {
        const { type: _, name, version, ...status } = message
        this.#ports.log.info({ nodeId, name, version, slots: status.slots }, 'a node joined')
        this.#happened({ type: 'hello', nodeId, name, version, status })
        return this.#ports.nodeJoined()
      }
      case 'node.status': {
        const { type: _, ...status } = message
        return this.#happened({ type: 'status', nodeId, status })
      }
      case 'offer.accepted':
        return this.#happened({ type: 'accepted', nodeId, sessionId: message.sessionId, epoch: message.epoch })
      case 'offer.declined':
        return this.#happened({ ...message, type: 'declined', nodeId })
      case 'node.draining':
        return this.#happened({ type: 'draining', nodeId })
      case 'turn.finished':
        return void deliverTurn(peer, message, this.#ports)
      case 'response':
        return this.#requests.answered(nodeId, message)
      default:
        return unreachable(message)
    }
  }

  #refuse(peer: ControlPeer, fault: Fault): void {
    this.#ports.log.warn({ nodeId: peer.nodeId, fault }, 'cannot take a message of a node')
    peer.send({ type: 'fault', ...publicFault(fault) })
  }

  #happened(event: FleetEvent): void {
    if (event.type === 'disconnected' || event.type === 'died') this.#requests.lost(event.nodeId)
    const { state, effects } = reduceFleet(this.#state, event, this.#ports.clock.now())
    if (state !== this.#state) this.#ports.remember?.(state)
    this.#state = state
    for (const effect of effects) this.#perform(effect)
    this.#ports.setAlarm(this.#nextAlarm())
  }

  #perform(effect: FleetEffect): void {
    switch (effect.type) {
      case 'send':
        return this.#peers.get(effect.nodeId)?.send(effect.message)
      case 'close':
        return this.#turnAway(effect.nodeId, effect.fault)
      case 'placed':
        return this.#waiting.placed(effect.sessionId, effect.nodeId)
      case 'unplaced':
        return this.#waiting.unplaced(effect.sessionId, effect.fault)
      case 'lost':
        this.#ports.log.warn({ nodeId: effect.nodeId, sessions: effect.sessions.length }, 'a node lost its sessions')
        return void this.#ports.sessions.nodeLost(effect.nodeId, effect.sessions).catch((error: unknown) => {
          this.#ports.log.error({ error, nodeId: effect.nodeId }, 'cannot tell sessions that their node is lost')
        })
      default:
        return unreachable(effect)
    }
  }

  #turnAway(nodeId: NodeId, fault: Fault): void {
    const peer = this.#peers.get(nodeId)
    peer?.send({ type: 'fault', ...publicFault(fault) })
    peer?.close(FAULT_TABLE[fault.code].close, fault.code)
    this.#peers.delete(nodeId)
  }

  /** Sockets that were closed from here, for being too slow, are gone at once. */
  #sweep(): void {
    for (const peer of this.#peers.values()) if (!peer.isOpen) this.close(peer.socket)
  }

  #peerOf(socket: RoomSocket): ControlPeer | undefined {
    return [...this.#peers.values()].find((peer) => peer.socket === socket)
  }

  #nextAlarm(): number | undefined {
    const times = [
      fleetDeadline(this.#state),
      this.#requests.deadline,
      ...[...this.#peers.values()].map(({ deadAt }) => deadAt),
    ]
    const known = times.filter((at) => at !== undefined)
    return known.length > 0 ? Math.min(...known) : undefined
  }
}
