// The Durable Object of the fleet: hosts the one fleet room and every node's control socket. Between messages it sleeps: the
// sockets stay open, the runtime answers heartbeats, and the room is rebuilt from each socket's attachment and from disk.
import { DurableObject } from 'cloudflare:workers'
import type { Tasks } from '#edge/ports.ts'
import type { NodeView, RoomSocket, Sessions } from '#edge/rooms-ports.ts'
import { endSessionsOfEndedKeys } from '#edge/fleet/ended-keys.ts'
import { FleetRoom } from '#edge/fleet/fleet-room.ts'
import { turnRevokedAway } from '#edge/fleet/revoked-nodes.ts'
import type { FleetState } from '#edge/fleet/fleet-state.ts'
import { FaultError } from '#shared/fault.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import { PING, PONG } from '#shared/protocol/decode.ts'
import { MAX_SOCKET_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import { attachmentText, readAttachment } from './attachment.ts'
import type { Bindings } from './bindings.ts'
import { later } from './later.ts'
import { portsOf, type SharedPorts } from './ports-of.ts'
import { Alarm, frameOf, roomSocket } from './room-host.ts'
import { createSessions } from './rooms.ts'
import { createTasks } from './tasks-object.ts'
import { accepted, admissionOf } from './upgrades.ts'

const KEPT = 'fleet'

/** A revocation is promised to be everywhere within 5 s: this, and a session's farewell (FAREWELL_MS). */
const LOOK_EVERY_MS = 2_000
const soon = (at = Infinity): number => Math.min(at, Date.now() + LOOK_EVERY_MS)

/** What a socket carries through sleep. */
interface Attachment {
  nodeId: NodeId
  since: number
}

export class FleetObject extends DurableObject<Bindings> {
  readonly #alarm: Alarm
  readonly #ports: SharedPorts
  readonly #sessions: Sessions
  readonly #room: FleetRoom
  readonly #tasks: Tasks
  readonly #sockets = new WeakMap<WebSocket, RoomSocket>()
  #hasNewNode = false

  constructor(ctx: DurableObjectState, bindings: Bindings) {
    super(ctx, bindings)
    this.#alarm = new Alarm(ctx.storage)
    this.#ports = portsOf(bindings)
    const ports = this.#ports
    this.#sessions = createSessions(bindings, ports.log)
    this.#tasks = createTasks(bindings, later)
    this.#room = new FleetRoom({
      ...ports,
      sessions: this.#sessions,
      // Once for all nodes that come together, as they do after a deployment.
      nodeJoined: () => {
        this.#hasNewNode = true
        this.#alarm.set(soon())
      },
      setAlarm: (at) => this.#alarm.set(this.#room.sessionIds().length > 0 ? soon(at) : at),
      remember: (state) => void ctx.storage.put(KEPT, state, { allowUnconfirmed: true }),
    })
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(PING, PONG))
    void ctx.blockConcurrencyWhile(async () => {
      const kept = await ctx.storage.get<FleetState>(KEPT)
      if (kept) this.#room.wake(kept, this.#returned())
    })
  }

  /** Reached through upgrades.ts only. */
  fetch(request: Request): Response {
    const { nodeId } = admissionOf<{ nodeId: NodeId }>(request)
    const attachment = attachmentText({ nodeId, since: Date.now() } satisfies Attachment)
    const { 0: client, 1: server } = new WebSocketPair()
    this.ctx.acceptWebSocket(server)
    server.serializeAttachment(attachment)
    this.#room.connect(this.#own(server), { nodeId })
    return accepted(client, request)
  }

  webSocketMessage(socket: WebSocket, content: string | ArrayBuffer): void {
    const frame = frameOf(socket, content, MAX_SOCKET_MESSAGE_BYTES)
    if (frame !== undefined) this.#room.message(this.#own(socket), frame)
  }

  webSocketClose(socket: WebSocket): void {
    this.#room.close(this.#own(socket))
  }

  webSocketError(socket: WebSocket): void {
    this.#room.close(this.#own(socket))
  }

  /** Rings within NODE_DEAD_AFTER_MS while nodes are here, and within LOOK_EVERY_MS while sessions are: looks for what was revoked. */
  async alarm(): Promise<void> {
    this.#alarm.rang()
    this.#room.alarm()
    if (this.#hasNewNode) this.#tasks.wake()
    this.#hasNewNode = false
    const { log, clock } = this.#ports
    try {
      await turnRevokedAway({ ...this.#ports, fleet: this.#room })
      if (this.#room.sessionIds().length > 0)
        await endSessionsOfEndedKeys({ ...this.#ports, sessions: this.#sessions }, clock.now())
    } catch (error) {
      log.warn({ error }, 'cannot see what was revoked')
    }
  }

  // --- the port Fleet; faults go out as data ---

  nodes(): Promise<NodeView[]> {
    return this.#room.nodes()
  }

  sessionIds(): SessionId[] {
    return this.#room.sessionIds()
  }

  async place(offer: Parameters<FleetRoom['place']>[0]): Promise<Result<NodeId>> {
    try {
      return ok(await this.#room.place(offer))
    } catch (error) {
      if (error instanceof FaultError) return fail(error.fault)
      throw error
    }
  }

  async request(request: Parameters<FleetRoom['request']>[0]): Promise<Result<string>> {
    try {
      // As text: RPC has no type for what a node may answer.
      return ok(JSON.stringify((await this.#room.request(request)) ?? null))
    } catch (error) {
      if (error instanceof FaultError) return fail(error.fault)
      throw error
    }
  }

  goAway(retryAfterMs: number): Promise<{ nodes: number; sessions: number }> {
    return this.#room.goAway(retryAfterMs)
  }

  release(sessionId: SessionId, reason: EndReason): Promise<void> {
    return this.#room.release(sessionId, reason)
  }

  // --- private ---

  #own(socket: WebSocket): RoomSocket {
    const known = this.#sockets.get(socket)
    if (known) return known
    const made = roomSocket(socket, () => this.ctx.getWebSocketAutoResponseTimestamp(socket)?.getTime())
    this.#sockets.set(socket, made)
    return made
  }

  /** The newest last: it takes the place of an older socket of the same node that is still closing. */
  #returned(): Array<Attachment & { socket: RoomSocket }> {
    return (
      this.ctx
        .getWebSockets()
        .filter(({ readyState }) => readyState === WebSocket.OPEN)
        // Written by fetch() above, and by nobody else.
        .map((socket) => ({
          ...readAttachment<Attachment>(socket.deserializeAttachment()),
          socket: this.#own(socket),
        }))
        .toSorted((a, b) => a.since - b.since)
    )
  }
}
