// The room of one session: owns its state, its two sockets and its secrets, and does what session-reduce.ts decides.
// A host drives it by connect, message, close and alarm, one verb at a time; it has no timers of its own. To callers it speaks
// parley.chat.v1 only. Knows no runtime; nodes are reached through the Fleet port, the database through Store.
import type { NodeAdmission, RoomSocket } from '#edge/rooms-ports.ts'
import type { QuotaStanding } from '#edge/store/quotas.ts'
import type { Caller } from '#shared/model/caller.ts'
import { RoomPeer } from '#edge/room-peer.ts'
import { FAULT_TABLE, publicFault } from '#shared/fault-table.ts'
import { FaultError, notFound, type Fault } from '#shared/fault.ts'
import type { ApiKeyId, NodeId, SessionId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import { Machine } from '#shared/machine.ts'
import type { ChatDown } from '#shared/protocol/chat-messages.ts'
import { CLOSE_NORMAL, CLOSE_REPLACED, CLOSE_RESUME } from '#shared/protocol/close-codes.ts'
import { CALLER_DEAD_AFTER_MS, DATA_SILENT_AFTER_MS } from '#shared/protocol/limits.ts'
import type { EdgeSessionMessage } from '#shared/protocol/session-messages.ts'
import { CallerAllowance } from './caller-allowance.ts'
import { SessionMemory, type KeptSession } from './kept-session.ts'
import { hangUp, sendAway, type Peers } from './send-away.ts'
import { deadlines } from './session-deadlines.ts'
import { SessionEffects, type EffectPorts } from './session-effects.ts'
import { reduce } from './session-reduce.ts'
import { checkReceived, SessionSecrets } from './session-secrets.ts'
import type { SessionEffect, SessionEvent, SessionState } from './session-state.ts'
import { Traffic } from './traffic.ts'
import { tryAll } from './try-all.ts'

/** What a session room needs of its host. */
export interface SessionRoomPorts extends Pick<
  EffectPorts,
  'clock' | 'log' | 'store' | 'fleet' | 'metrics' | 'callerByToken' | 'onEnded'
> {
  /** One alarm a room: a later call replaces it, undefined clears it. */
  setAlarm: (at: number | undefined) => void
  /** Keeps what a later room of this session needs, where the host's memory may vanish; called when it has changed. */
  remember?: (kept: KeptSession) => void
}

/** Whose socket. A socket that comes back says what it has of the other end's messages: see CallerAdmission. */
export interface Seat {
  end: 'caller' | 'node'
  resumes?: { received: number | undefined } | undefined
}

/** An empty bucket is as good as full again after this. */
const FLOOD_RETRY_AFTER_MS = 10_000

export class SessionRoom {
  readonly sessionId: SessionId
  #keyId: ApiKeyId
  readonly #ports: SessionRoomPorts
  readonly #secrets: SessionSecrets
  readonly #traffic: Traffic
  readonly #effects: SessionEffects
  readonly #peers: Peers = { caller: undefined, node: undefined }
  readonly #allowance = new CallerAllowance()
  readonly #memory: SessionMemory
  readonly #machine: Machine<SessionState, SessionEvent, SessionEffect>
  /** No caller has come since the memory was lost. */
  #hasWoken: boolean

  /** `kept`: what an earlier room of this session left; wake() comes next then. */
  constructor(who: { sessionId: SessionId; caller: Caller }, ports: SessionRoomPorts, kept?: KeptSession) {
    this.sessionId = who.sessionId
    this.#keyId = who.caller.keyId
    this.#hasWoken = kept !== undefined
    this.#ports = { ...ports, log: ports.log.child({ sessionId: who.sessionId }) }
    this.#secrets = new SessionSecrets(kept?.secrets)
    const onEvent = (event: SessionEvent): void => this.#machine.dispatch(event)
    const tellCaller = (fault: Fault): void => this.#tellCaller(fault)
    const traffic = {
      clock: ports.clock,
      toCaller: (frame: Frame) => this.#peers.caller?.send(frame),
      toNode: (frame: Frame) => this.#peers.node?.send(frame),
      tellCaller,
      onEvent,
      onGap: (end: Seat['end']) => this.#peers[end]?.close(CLOSE_RESUME, 'gap in the numbers'),
      onRefused: () => this.#bound(this.#allowance.admitsRefused(ports.clock.now())),
      onToken: (token: string) => this.#effects.renew(token),
      onText: () => this.#bound(this.#allowance.admitsText(ports.clock.now())),
    }
    this.#traffic = new Traffic(traffic, kept?.traffic)
    const parts = { secrets: this.#secrets, traffic: this.#traffic }
    this.#memory = new SessionMemory(who, parts, { remember: ports.remember, client: kept?.client })
    this.#effects = new SessionEffects({
      ...this.#ports,
      ...who,
      ...parts,
      toCaller: (message: ChatDown) => this.#peers.caller?.send(JSON.stringify(message)),
      toNode: (message: EdgeSessionMessage) => this.#peers.node?.send(JSON.stringify(message)),
      tellCaller,
      hangUp: (fault) => hangUp(this.#peers, fault),
      onRenewed: (caller) => {
        this.#keyId = caller.keyId
        this.#memory.keepCaller(caller)
      },
      onEvent,
      verb: (run) => this.verb(run),
    })
    this.#machine = this.#createMachine(kept?.state ?? { type: 'awaitingStart', since: ports.clock.now() })
  }

  get state(): SessionState {
    return this.#machine.state
  }

  /** For a client of another wire that is made anew: what the one before it left. */
  get earlierClient(): { kept: string | undefined; wasForgotten: boolean } {
    return { kept: this.#peers.caller?.socket.kept ?? this.#memory.client, wasForgotten: this.#hasWoken }
  }

  // --- who may come in: asked before a socket exists ---
  /**
   * Throws FaultError: not_found for a session that is over, unauthenticated for a wrong token. A token needs no time of
   * its own here: the session ends CALLER_GONE_MS after its caller, well before RESUME_VALID_MS.
   */
  async admitCaller({ resumeToken, received }: { resumeToken: string; received: number | undefined }): Promise<void> {
    const isRight = await this.#secrets.caller.matches(resumeToken)
    if (this.state.type !== 'live') throw notFound('session', this.sessionId)
    if (!isRight) throw new FaultError({ code: 'unauthenticated' })
    if (received !== undefined) checkReceived(received, this.#traffic.relay.claimable.fromNode)
  }

  async admitNode({ nodeId, secret }: NodeAdmission): Promise<void> {
    // A node may dial before the fleet has told this room that it accepted.
    await this.#effects.placing
    const { state } = this
    if (!('at' in state)) throw notFound('session', this.sessionId)
    if (state.at.nodeId !== nodeId) throw new FaultError({ code: 'stale_epoch', epoch: state.at.epoch })
    const now = this.#ports.clock.now()
    const isRight =
      secret.type === 'ticket'
        ? await this.#secrets.burnTicket(secret.ticket, { nodeId, placedAt: state.at, now })
        : await this.#secrets.node.matches(secret.resumeToken)
    if (!isRight) throw new FaultError({ code: 'unauthenticated' })
    if (secret.type === 'resume') checkReceived(secret.received, this.#traffic.relay.claimable.fromCaller)
  }

  // --- the four verbs ---

  connect(socket: RoomSocket, seat: Seat): void {
    this.verb(() => {
      const { end, resumes } = seat
      if (!this.#mayConnect(seat)) return socket.close(FAULT_TABLE.stale_epoch.close, 'the session has moved on')
      const deadAfterMs = end === 'caller' ? CALLER_DEAD_AFTER_MS : DATA_SILENT_AFTER_MS
      this.#peers[end]?.close(CLOSE_REPLACED, 'replaced')
      this.#detach(end)
      if (end === 'caller') this.#hasWoken = false
      this.#peers[end] = new RoomPeer(socket, this.#ports.clock.now(), deadAfterMs)
      if (!resumes) return end === 'node' ? this.#machine.dispatch({ type: 'nodeDialled' }) : undefined
      const { received } = resumes
      if (end === 'caller') this.#allowance.resumed(this.#ports.clock.now())
      if (end === 'caller') return this.#machine.dispatch({ type: 'callerResumed', received })
      this.#machine.dispatch({ type: 'nodeResumed', received: received ?? 0 })
    })
  }

  message(socket: RoomSocket, frame: Frame): void {
    const { caller, node } = this.#peers
    const peer = caller?.socket === socket ? caller : node?.socket === socket ? node : undefined
    // Much may still be on its way from a socket that was closed from here. It costs nothing any more.
    if (!peer?.isOpen) return
    const before = this.state
    this.#machine.guard(this.#take, peer, frame)
    this.#machine.guard(this.#note)
    // In the same state a frame only puts deadlines off, and an alarm that rings early sets itself anew. To look for the next
    // one at each frame made a quarter of the relay's garbage.
    if (this.state !== before) this.#guarded(() => this.#setAlarm())
  }

  close(socket: RoomSocket, code: number): void {
    this.verb(() => {
      if (this.#peers.caller?.socket === socket) this.#lost('caller', code)
      else if (this.#peers.node?.socket === socket) this.#lost('node', code)
    })
  }

  alarm(): void {
    this.verb(() => {
      const now = this.#ports.clock.now()
      for (const peer of [this.#peers.caller, this.#peers.node])
        if (peer && peer.deadAt <= now) peer.close(CLOSE_RESUME, 'silent')
      this.#sweep()
      this.#machine.dispatch({ type: 'alarm', open: this.#traffic.openTurns })
    })
  }

  // --- what others tell the room ---

  nodeLost(nodeId: NodeId): void {
    this.verb(() => this.#machine.dispatch({ type: 'nodeGone', nodeId }))
  }

  /** The room stands where an earlier one was forgotten: both sockets are gone, and may come back. */
  wake(): void {
    this.verb(() => this.#machine.dispatch({ type: 'woke' }))
  }

  /** The session ends if one of these is behind it. */
  keysEnded(keyIds: ApiKeyId[]): void {
    if (keyIds.includes(this.#keyId)) this.verb(() => this.#machine.dispatch({ type: 'keyEnded' }))
  }

  /** Its newest turn left this much of the quotas. */
  metered(standing: QuotaStanding): void {
    this.verb(() => this.#machine.dispatch({ type: 'metered', standing, open: this.#traffic.openTurns }))
  }

  /** Whoever can resume is sent away, to come back no earlier; a session that is only beginning goes on. */
  goAway(retryAfterMs: number): void {
    this.verb(() => sendAway(this.#peers, { retryAfterMs, closes: this.state.type === 'live' }))
  }

  shutdown(retryAfterMs: number): void {
    this.verb(() => {
      sendAway(this.#peers, { retryAfterMs, closes: false })
      this.#machine.dispatch({ type: 'shutdown' })
    })
  }

  /** An entry into the room, also for the client that owns a socket of it; a bug in `run` ends this session. */
  verb(run: () => void): void {
    this.#guarded(run)
    this.#guarded(() => this.#setAlarm())
  }

  // --- private ---

  #createMachine(state: SessionState): Machine<SessionState, SessionEvent, SessionEffect> {
    const { clock, log } = this.#ports
    return new Machine<SessionState, SessionEvent, SessionEffect>({
      state,
      reduce: (before, event) => reduce(before, event, clock.now()),
      perform: (effect) => this.#effects.perform(effect),
      ending: { type: 'broke' },
      onBroken: (error) => log.error({ error, state: this.state.type }, 'a bug ended the session'),
      onStuck: () => this.#drop(),
    })
  }

  /** Not even a bug's end could be reduced: the slot and the conversation are freed without asking the state. */
  #drop(): void {
    const reason = 'fault'
    const fault = { code: 'internal' } as const
    const end: SessionEffect[] = [
      { type: 'release', reason },
      { type: 'recordEnd', reason },
      { type: 'leave', reason, saysEnded: false, fault },
    ]
    tryAll(end.map((effect) => () => this.#effects.perform(effect)))
  }

  #guarded(run: () => void): void {
    this.#machine.guard(() => {
      run()
      this.#sweep()
    })
    this.#machine.guard(this.#note)
  }

  readonly #note = (): void => {
    this.#memory.keepClient(this.#peers.caller?.socket.kept)
    this.#memory.note(this.state)
  }

  /** Functions of the room and not of the call: nothing is allocated for a frame. */
  readonly #take = (peer: RoomPeer, frame: Frame): void => {
    const now = this.#ports.clock.now()
    const isCaller = peer === this.#peers.caller
    if (isCaller && !this.#allowance.admits(frame, now)) this.#bound(false)
    else if (!peer.heard(frame, now)) {
      if (isCaller) this.#traffic.fromCaller(frame)
      else this.#traffic.fromNode(frame)
    }
    this.#sweep()
  }

  #mayConnect({ end, resumes }: Seat): boolean {
    if (resumes) return this.state.type === 'live'
    return this.state.type === (end === 'caller' ? 'awaitingStart' : 'waitingForNode')
  }

  /** Sockets that were closed from here count as lost at once: their close event may take long. */
  #sweep(): void {
    if (this.#peers.caller?.isOpen === false) this.#lost('caller', CLOSE_RESUME)
    if (this.#peers.node?.isOpen === false) this.#lost('node', CLOSE_RESUME)
  }

  #lost(end: Seat['end'], code: number): void {
    this.#detach(end)
    // Whoever closes as one who has said everything will not come back, and whoever acknowledges nothing cannot.
    const isFinal = code === CLOSE_NORMAL || !this.#traffic.relay.callerAcks
    if (end === 'caller') this.#machine.dispatch({ type: isFinal ? 'callerEnds' : 'callerLost' })
    else this.#machine.dispatch({ type: 'nodeSocketLost', isClean: code === CLOSE_NORMAL })
  }

  /** A caller who sends more than he may is hung up on at once, and loses his session: with it he could come back for more. */
  #bound(isAllowed: boolean): void {
    if (isAllowed) return
    this.#machine.dispatch({ type: 'flooded', fault: { code: 'rate_limited', retryAfterMs: FLOOD_RETRY_AFTER_MS } })
    this.#peers.caller?.close(FAULT_TABLE.rate_limited.close, 'rate_limited')
  }

  #detach(end: Seat['end']): void {
    const gone = this.#peers[end]
    this.#peers[end] = undefined
    if (end === 'node') return this.#traffic.relay.detachNode()
    this.#traffic.relay.detachCaller()
    this.#memory.keepClient(gone?.socket.kept)
  }

  #tellCaller(fault: Fault): void {
    const { metrics, log } = this.#ports
    this.#peers.caller?.send(JSON.stringify({ type: 'fault', ...publicFault(fault) } satisfies ChatDown))
    metrics.count('faults', { code: fault.code })
    // A client with a bug of its own may send thousands of these.
    const level = fault.code === 'invalid_message' || fault.code === 'too_large' ? 'debug' : 'info'
    log[level]({ fault }, 'told the caller a fault')
  }

  #setAlarm(): void {
    const { caller, node } = this.#peers
    const all = [deadlines(this.state)[0]?.at, caller?.deadAt, node?.deadAt].filter((at) => at !== undefined)
    this.#ports.setAlarm(all.length > 0 && !this.#effects.hasLeft ? Math.min(...all) : undefined)
  }
}
