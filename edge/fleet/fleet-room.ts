// The room of the fleet: owns which nodes are here, their slots and the offers that are out, and does what
// fleet-reduce.ts decides. A host drives it by connect, message, close and alarm; it has no timers of its own.
// Session rooms reach it through the Fleet port; it knows no session's content.
import type { Fleet, NodeView, RoomSocket, Sessions } from '#edge/rooms-ports.ts'
import { FAULT_TABLE, publicFault } from '#shared/fault-table.ts'
import { notFound, type Fault, invalidFault } from '#shared/fault.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import { unreachable } from '#shared/invariant.ts'
import type { Frame } from '#shared/link/frame.ts'
import { Machine } from '#shared/machine.ts'
import { CLOSE_REPLACED, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import type { NodeControlMessage } from '#shared/protocol/node-messages.ts'
import { ControlPeer, readControl } from './control-peer.ts'
import { reduceFleet } from './fleet-reduce.ts'
import { EMPTY_FLEET, type FleetEffect, type FleetEvent, type FleetState } from './fleet-state.ts'
import { allAway, fleetDeadline, heldSessions, viewsOf } from './fleet-views.ts'
import { NodeRequests, type NodeRequest } from './node-requests.ts'
import { deliverTurn, type DeliveryPorts } from './turn-delivery.ts'
import { WaitingPlacements } from './waiting-placements.ts'

/** What the room of the fleet needs of its host. */
export interface FleetRoomPorts extends DeliveryPorts {
  sessions: Pick<Sessions, 'nodeLost' | 'goAway' | 'metered'>
  /** There is somebody now who could do what waits for a node. */
  nodeJoined(): void
  setAlarm(at: number | undefined): void
  /** Keeps the state for a later room, where the host's memory may vanish; called when it has changed. */
  remember?(state: FleetState): void
}

export class FleetRoom implements Fleet {
  readonly #ports: FleetRoomPorts
  readonly #peers = new Map<NodeId, ControlPeer>()
  readonly #waiting = new WaitingPlacements()
  readonly #requests = new NodeRequests()
  #machine: Machine<FleetState, FleetEvent, FleetEffect>

  constructor(ports: FleetRoomPorts) {
    this.#ports = ports
    this.#machine = this.#createMachine(EMPTY_FLEET)
  }

  // --- the four verbs ---

  /** A second control socket of a node takes the first one's place. */
  connect(socket: RoomSocket, { nodeId }: { nodeId: NodeId }): void {
    this.#verb(() => {
      this.#peers.get(nodeId)?.close(CLOSE_REPLACED, 'replaced')
      this.#peers.set(nodeId, new ControlPeer(nodeId, socket, this.#ports.clock.now()))
      this.#ports.metrics.count('node_connections')
      this.#machine.dispatch({ type: 'connected', nodeId })
    })
  }

  message(socket: RoomSocket, frame: Frame): void {
    this.#verb(() => {
      const peer = this.#peerOf(socket)
      if (!peer || peer.heard(frame, this.#ports.clock.now())) return
      const read = readControl(frame)
      if (read.ok) this.#take(peer, read.value)
      else this.#refuse(peer, read.fault)
    })
  }

  close(socket: RoomSocket): void {
    this.#verb(() => {
      const peer = this.#peerOf(socket)
      if (peer) this.#lost(peer)
    })
  }

  alarm(): void {
    this.#verb(() => {
      const now = this.#ports.clock.now()
      for (const peer of this.#peers.values()) {
        if (peer.deadAt > now) continue
        this.#peers.delete(peer.nodeId)
        this.#ports.log.warn({ nodeId: peer.nodeId }, 'a node fell silent')
        this.#gone({ type: 'died', nodeId: peer.nodeId })
        peer.close(CLOSE_RESUME, 'silent')
      }
      this.#requests.expire(now)
      this.#machine.dispatch({ type: 'alarm' })
    })
  }

  /**
   * The room stands where an earlier one was forgotten: `sockets` are those that are still open. Nobody is left who waits for
   * the answer to an offer that was out.
   */
  wake(state: FleetState, sockets: Array<{ nodeId: NodeId; socket: RoomSocket; since: number }>): void {
    this.#machine = this.#createMachine(state)
    this.#verb(() => {
      for (const { nodeId, socket, since } of sockets) this.#peers.set(nodeId, new ControlPeer(nodeId, socket, since))
      for (const sessionId of state.pending.keys())
        this.#machine.dispatch({ type: 'release', sessionId, reason: 'shutdown' })
      for (const [nodeId, { presence }] of state.nodes) {
        const isOpen = presence.type === 'here' || presence.type === 'greeting'
        if (isOpen && !this.#peers.has(nodeId)) this.#gone({ type: 'disconnected', nodeId })
      }
    })
  }

  // --- the port ---

  async nodes(): Promise<NodeView[]> {
    return viewsOf(this.#machine.state)
  }

  place({ engines = {}, ...offer }: Parameters<Fleet['place']>[0]): Promise<NodeId> {
    const placement = this.#waiting.wait(offer.sessionId)
    this.#verb(() => this.#machine.dispatch({ type: 'place', offer, engines }))
    return placement
  }

  async request(request: NodeRequest): Promise<unknown> {
    const { nodeId } = request
    if (this.#machine.state.nodes.get(nodeId)?.presence.type !== 'here') throw notFound('node', nodeId)
    const now = this.#ports.clock.now()
    const answer = this.#requests.ask(request, now, (message) => this.#peers.get(nodeId)?.tell(message))
    this.#verb(() => undefined)
    return answer
  }

  sessionIds(): SessionId[] {
    return heldSessions(this.#machine.state)
  }

  async release(sessionId: SessionId, reason: Parameters<Fleet['release']>[1]): Promise<void> {
    this.#verb(() => this.#machine.dispatch({ type: 'release', sessionId, reason }))
  }

  /** Calls first: a node without its control socket has no way to hear of them. */
  async goAway(retryAfterMs: number): Promise<{ nodes: number; sessions: number }> {
    const held = heldSessions(this.#machine.state)
    await this.#ports.sessions.goAway(held, retryAfterMs)
    const peers = [...this.#peers.values()]
    for (const peer of peers) this.#verb(() => peer.goAway(retryAfterMs))
    return { nodes: peers.length, sessions: held.length }
  }

  /** Asks a node to take no new session; live ones finish. */
  drain(nodeId: NodeId): void {
    this.#verb(() => this.#machine.dispatch({ type: 'drain', nodeId }))
  }

  /** Its token is not valid any more: it is told so and gone at once. Calls on its data sockets run to their end. */
  turnAway(nodeId: NodeId): void {
    this.#verb(() => {
      this.#turnAway(nodeId, { code: 'unauthenticated' })
      this.#gone({ type: 'died', nodeId })
    })
  }

  // --- private ---

  #createMachine(state: FleetState): Machine<FleetState, FleetEvent, FleetEffect> {
    const { clock, log } = this.#ports
    return new Machine<FleetState, FleetEvent, FleetEffect>({
      state,
      reduce: (before, event) => reduceFleet(before, event, clock.now()),
      perform: (effect) => this.#perform(effect),
      onChange: (next) => this.#ports.remember?.(next),
      ending: { type: 'broke' },
      onBroken: (error) => {
        log.error({ error }, 'a bug in the room of the fleet')
        // Also those whose question was lost with the bug, and is in no state.
        this.#waiting.unplacedAll({ code: 'internal' })
      },
      onStuck: () => this.#restart(),
    })
  }

  /** Not even a bug's end could be reduced: begins anew with what nodes hold. They all come back by themselves. */
  #restart(): void {
    const state = allAway(this.#machine.state, this.#ports.clock.now())
    const peers = [...this.#peers.values()]
    this.#peers.clear()
    this.#machine = this.#createMachine(state)
    this.#ports.remember?.(state)
    for (const peer of peers) this.#verb(() => peer.close(CLOSE_RESUME, 'restarted'))
  }

  /** An entry into the room; the next alarm is set on the way out. */
  #verb(run: () => void): void {
    this.#machine.guard(() => {
      run()
      this.#sweep()
    })
    this.#machine.guard(() => this.#ports.setAlarm(this.#nextAlarm()))
  }

  #take(peer: ControlPeer, message: NodeControlMessage): void {
    const { nodeId } = peer
    const { log } = this.#ports
    const isGreeting = this.#machine.state.nodes.get(nodeId)?.presence.type === 'greeting'
    if ((message.type === 'node.hello') !== isGreeting) {
      const issue = message.type === 'node.hello' ? 'node.hello: only once' : `${message.type} before node.hello`
      return this.#refuse(peer, invalidFault(issue))
    }
    switch (message.type) {
      case 'node.hello': {
        const { type: _, name, version, ...status } = message
        log.info({ nodeId, name, version, slots: status.slots }, 'a node joined')
        this.#machine.dispatch({ type: 'hello', nodeId, name, version, status })
        return this.#ports.nodeJoined()
      }
      case 'node.status': {
        const { type: _, ...status } = message
        return this.#machine.dispatch({ type: 'status', nodeId, status })
      }
      case 'offer.accepted':
        return this.#machine.dispatch({
          type: 'accepted',
          nodeId,
          sessionId: message.sessionId,
          epoch: message.epoch,
        })
      case 'offer.declined':
        return this.#machine.dispatch({ ...message, type: 'declined', nodeId })
      case 'node.draining':
        return this.#machine.dispatch({ type: 'draining', nodeId })
      case 'turn.finished':
        return void deliverTurn(peer, message, this.#ports).catch((error: unknown) =>
          log.error({ error, nodeId }, 'cannot answer a finished turn'),
        )
      case 'response':
        return this.#requests.answered(nodeId, message)
      default:
        return unreachable(message)
    }
  }

  #refuse(peer: ControlPeer, fault: Fault): void {
    this.#ports.log.warn({ nodeId: peer.nodeId, fault }, 'cannot take a message of a node')
    peer.tell({ type: 'fault', ...publicFault(fault) })
  }

  #perform(effect: FleetEffect): void {
    const { log, sessions } = this.#ports
    switch (effect.type) {
      case 'send':
        return this.#peers.get(effect.nodeId)?.tell(effect.message)
      case 'close':
        return this.#turnAway(effect.nodeId, effect.fault)
      case 'placed':
        return this.#waiting.placed(effect.sessionId, effect.nodeId)
      case 'unplaced':
        return this.#waiting.unplaced(effect.sessionId, effect.fault)
      case 'lost': {
        const { nodeId, sessions: lost } = effect
        log.warn({ nodeId, sessions: lost.length }, 'a node lost its sessions')
        return void sessions
          .nodeLost(nodeId, lost)
          .catch((error: unknown) => log.error({ error, nodeId }, 'cannot tell sessions that their node is lost'))
      }
      default:
        return unreachable(effect)
    }
  }

  #turnAway(nodeId: NodeId, fault: Fault): void {
    const peer = this.#peers.get(nodeId)
    this.#peers.delete(nodeId)
    peer?.tell({ type: 'fault', ...publicFault(fault) })
    peer?.close(FAULT_TABLE[fault.code].close, fault.code)
  }

  /** Sockets that were closed from here, for being too slow, are gone at once. */
  #sweep(): void {
    for (const peer of this.#peers.values()) if (!peer.isOpen) this.#lost(peer)
  }

  #lost({ nodeId }: ControlPeer): void {
    this.#peers.delete(nodeId)
    this.#gone({ type: 'disconnected', nodeId })
  }

  #gone(event: Extract<FleetEvent, { type: 'disconnected' | 'died' }>): void {
    this.#requests.lost(event.nodeId)
    this.#machine.dispatch(event)
  }

  #peerOf(socket: RoomSocket): ControlPeer | undefined {
    return [...this.#peers.values()].find((peer) => peer.socket === socket)
  }

  #nextAlarm(): number | undefined {
    const times = [
      fleetDeadline(this.#machine.state),
      this.#requests.deadline,
      ...[...this.#peers.values()].map(({ deadAt }) => deadAt),
    ]
    const known = times.filter((at) => at !== undefined)
    return known.length > 0 ? Math.min(...known) : undefined
  }
}
