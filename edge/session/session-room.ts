// The room of one session: owns its state, its two sockets and its secrets, and does what session-reduce.ts decides.
// A host drives it by connect, message, close and alarm, one verb at a time; it has no timers of its own.
// Knows no runtime; nodes are reached through the Fleet port, the database through Store.
import type { Caller } from '#shared/model/caller.ts'
import type { NodeAdmission, RoomSocket } from '#edge/ports.ts'
import type { QuotaStanding } from '#edge/store/quotas.ts'
import { FAULT_TABLE, publicFault } from '#shared/fault-table.ts'
import { FaultError, notFound, type Fault } from '#shared/fault.ts'
import type { ApiKeyId, NodeId, SessionId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import { CLOSE_NORMAL, CLOSE_REPLACED, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { CALLER_DEAD_AFTER_MS, DATA_SILENT_AFTER_MS } from '#shared/protocol/limits.ts'
import type { EdgeSessionMessage } from '#shared/protocol/session-messages.ts'
import { SessionMemory, type KeptSession } from './kept-session.ts'
import { Peer, type Seat } from './peer.ts'
import { SessionEffects } from './session-effects.ts'
import type { SessionRoomPorts } from './session-ports.ts'
import { reduce } from './session-reduce.ts'
import { hangUp, sendAway } from './send-away.ts'
import { checkReceived, SessionSecrets } from './session-secrets.ts'
import { deadlines, type SessionEvent, type SessionState } from './session-state.ts'
import { Traffic } from './traffic.ts'

export class SessionRoom {
  readonly sessionId: SessionId
  readonly #keyId: ApiKeyId
  readonly #ports: SessionRoomPorts
  readonly #secrets: SessionSecrets
  readonly #traffic: Traffic
  readonly #effects: SessionEffects
  readonly #events: SessionEvent[] = []
  readonly #peers: { caller: Peer | undefined; node: Peer | undefined } = { caller: undefined, node: undefined }
  #state: SessionState
  #isReducing = false
  readonly #memory: SessionMemory

  /** `kept`: what an earlier room of this session left; wake() comes next then. */
  constructor(who: { sessionId: SessionId; caller: Caller }, ports: SessionRoomPorts, kept?: KeptSession) {
    this.sessionId = who.sessionId
    this.#keyId = who.caller.keyId
    this.#secrets = new SessionSecrets(kept?.secrets)
    this.#ports = { ...ports, log: ports.log.child({ sessionId: who.sessionId }) }
    this.#state = kept?.state ?? { is: 'awaitingStart', since: ports.clock.now() }
    const traffic = {
      clock: ports.clock,
      codec: ports.codec,
      toCaller: (frame: Frame) => this.#peers.caller?.send(frame),
      toNode: (frame: Frame) => this.#peers.node?.send(frame),
      tellCaller: (fault: Fault) => this.#tellCaller(fault),
      onEvent: (event: SessionEvent) => this.#happened(event),
      onGap: (peer: Seat['is']) => this.#peers[peer]?.close(CLOSE_RESUME, 'gap in the numbers'),
    }
    this.#traffic = new Traffic(traffic, kept?.traffic)
    this.#memory = new SessionMemory(who, { secrets: this.#secrets, traffic: this.#traffic }, ports.remember)
    this.#effects = new SessionEffects({
      sessionId: who.sessionId,
      caller: who.caller,
      ...this.#ports,
      secrets: this.#secrets,
      traffic: this.#traffic,
      toCaller: (message) => this.#peers.caller?.send(ports.codec.write(message)),
      toNode: (message: EdgeSessionMessage) => this.#peers.node?.send(JSON.stringify(message)),
      tellCaller: (fault) => this.#tellCaller(fault),
      hangUp: (fault) => hangUp(this.#peers, fault),
      onEvent: (event) => this.#verb(() => this.#happened(event)),
      verb: (run) => this.#verb(run),
    })
  }

  get state(): SessionState {
    return this.#state
  }

  // --- who may come in: asked before a socket exists ---
  /**
   * Throws FaultError: not_found for a session that is over, unauthenticated for a wrong token. A token needs no time of
   * its own here: the session ends CALLER_GONE_MS after its caller, well before RESUME_VALID_MS.
   */
  async admitCaller({ resumeToken, received }: { resumeToken: string; received: number }): Promise<void> {
    const isRight = await this.#secrets.caller.matches(resumeToken)
    const state = this.#state
    if (state.is !== 'live') throw notFound('session', this.sessionId)
    if (!isRight) throw new FaultError({ code: 'unauthenticated' })
    checkReceived(received, this.#traffic.claimable.fromNode)
  }

  async admitNode({ nodeId, secret }: NodeAdmission): Promise<void> {
    // A node may dial before the fleet has told this room that it accepted.
    await this.#effects.placing
    const state = this.#state
    if (!('at' in state)) throw notFound('session', this.sessionId)
    if (state.at.nodeId !== nodeId) throw new FaultError({ code: 'stale_epoch', epoch: state.at.epoch })
    const now = this.#ports.clock.now()
    const isRight =
      secret.type === 'ticket'
        ? await this.#secrets.burnTicket(secret.ticket, { nodeId, placedAt: state.at, now })
        : await this.#secrets.node.matches(secret.resumeToken)
    if (!isRight) throw new FaultError({ code: 'unauthenticated' })
    if (secret.type === 'resume') checkReceived(secret.received, this.#traffic.claimable.fromCaller)
  }

  // --- the four verbs ---

  connect(socket: RoomSocket, seat: Seat): void {
    this.#verb(() => {
      if (!this.#mayConnect(seat)) return socket.close(FAULT_TABLE.stale_epoch.close, 'the session has moved on')
      const deadAfterMs = seat.is === 'caller' ? CALLER_DEAD_AFTER_MS : DATA_SILENT_AFTER_MS
      this.#peers[seat.is]?.close(CLOSE_REPLACED, 'replaced')
      this.#detach(seat.is)
      this.#peers[seat.is] = new Peer(socket, this.#ports.clock.now(), deadAfterMs)
      const received = seat.resumedFrom
      if (received === undefined) return seat.is === 'node' ? this.#happened({ type: 'nodeDialled' }) : undefined
      this.#happened({ type: seat.is === 'caller' ? 'callerResumed' : 'nodeResumed', received })
    })
  }

  message(socket: RoomSocket, frame: Frame): void {
    const { caller, node } = this.#peers
    const before = this.#state
    this.#guarded(() => {
      const peer = caller?.socket === socket ? caller : node?.socket === socket ? node : undefined
      if (!peer?.isOpen || peer.heard(frame, this.#ports.clock.now())) return
      if (peer === caller) this.#traffic.fromCaller(frame)
      else this.#traffic.fromNode(frame)
    })
    // In the same state a frame only puts deadlines off, and an alarm that rings early sets itself anew. To look for the next
    // one at each frame made a quarter of the relay's garbage.
    if (this.#state !== before) this.#setAlarm()
  }

  close(socket: RoomSocket, code: number): void {
    this.#verb(() => {
      if (this.#peers.caller?.socket === socket) this.#lost('caller', code)
      else if (this.#peers.node?.socket === socket) this.#lost('node', code)
    })
  }

  alarm(): void {
    this.#verb(() => {
      const now = this.#ports.clock.now()
      for (const peer of [this.#peers.caller, this.#peers.node])
        if (peer && peer.deadAt <= now) peer.close(CLOSE_RESUME, 'silent')
      this.#sweep()
      this.#happened({ type: 'alarm' })
    })
  }

  // --- what others tell the room ---

  nodeLost(nodeId: NodeId): void {
    this.#verb(() => this.#happened({ type: 'nodeGone', nodeId }))
  }

  /** The room stands where an earlier one was forgotten: both sockets are gone, and may come back. */
  wake(): void {
    this.#verb(() => this.#happened({ type: 'woke' }))
  }

  /** The session ends if it was opened with one of these. */
  keysEnded(keyIds: ApiKeyId[]): void {
    if (keyIds.includes(this.#keyId)) this.#verb(() => this.#happened({ type: 'keyEnded' }))
  }

  /** What its newest turn has left of the quotas. */
  metered(standing: QuotaStanding): void {
    this.#verb(() => this.#happened({ type: 'metered', standing }))
  }

  /** Whoever can resume is sent away, to come back no earlier; a session that is only beginning goes on. */
  goAway(retryAfterMs: number): void {
    const { codec } = this.#ports
    this.#verb(() => sendAway(this.#peers, { codec, retryAfterMs, closes: this.#state.is === 'live' }))
  }

  shutdown(retryAfterMs: number): void {
    this.#verb(() => {
      sendAway(this.#peers, { codec: this.#ports.codec, retryAfterMs, closes: false })
      this.#happened({ type: 'shutdown' })
    })
  }

  // --- private ---

  /** An entry into the room; the next alarm is set on the way out. */
  #verb(run: () => void): void {
    this.#guarded(run)
    this.#setAlarm()
  }

  /** A bug ends this session and nothing else. */
  #guarded(run: () => void): void {
    try {
      run()
      this.#sweep()
    } catch (error) {
      this.#ports.log.error({ error, state: this.#state.is }, 'a bug ended the session')
      this.#events.length = 0
      this.#isReducing = false
      this.#happened({ type: 'broke' })
    }
    this.#memory.note(this.#state)
  }

  #happened(event: SessionEvent): void {
    this.#events.push(event)
    if (this.#isReducing) return
    this.#isReducing = true
    for (let next = this.#events.shift(); next; next = this.#events.shift()) {
      const { state, effects } = reduce(this.#state, next, this.#ports.clock.now())
      this.#state = state
      for (const effect of effects) this.#effects.perform(effect)
    }
    this.#isReducing = false
  }

  #mayConnect({ is, resumedFrom }: Seat): boolean {
    if (resumedFrom !== undefined) return this.#state.is === 'live'
    return this.#state.is === (is === 'caller' ? 'awaitingStart' : 'waitingForNode')
  }

  /** Sockets that were closed from here count as lost at once: their close event may take long. */
  #sweep(): void {
    for (const is of ['caller', 'node'] as const) if (this.#peers[is]?.isOpen === false) this.#lost(is, CLOSE_RESUME)
  }

  #lost(is: 'caller' | 'node', code: number): void {
    this.#peers[is] = undefined
    this.#detach(is)
    if (is === 'caller') this.#happened({ type: 'callerLost' })
    else this.#happened({ type: 'nodeSocketLost', isClean: code === CLOSE_NORMAL })
  }

  #detach(is: 'caller' | 'node'): void {
    if (is === 'caller') this.#traffic.detachCaller()
    else this.#traffic.detachNode()
  }

  #tellCaller(fault: Fault): void {
    this.#ports.metrics.count('faults', { code: fault.code })
    // A client with a bug of its own may send thousands of these.
    const level = fault.code === 'invalid_message' || fault.code === 'too_large' ? 'debug' : 'info'
    this.#ports.log[level]({ fault }, 'told the caller a fault')
    this.#peers.caller?.send(this.#ports.codec.write({ type: 'fault', ...publicFault(fault) }))
  }

  #setAlarm(): void {
    const { caller, node } = this.#peers
    const all = [deadlines(this.#state)[0]?.at, caller?.deadAt, node?.deadAt].filter((at) => at !== undefined)
    this.#ports.setAlarm(all.length > 0 ? Math.min(...all) : undefined)
  }
}
