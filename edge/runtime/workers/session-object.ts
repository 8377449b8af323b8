// The Durable Object of one session: hosts its room and both its sockets. While audio flows the object stays in memory, so
// its sockets are accepted plainly; what a later object needs is kept on disk, and both ends come back to it by themselves.
import { DurableObject } from 'cloudflare:workers'
import { WIRES, type Wires } from '#edge/clients/client.ts'
import { seatClient, type Seated } from '#edge/clients/seat-client.ts'
import { callerByBearer } from '#edge/http/access/auth.ts'
import { createIdentities } from '#edge/http/access/identities.ts'
import type { CallerAdmission, NodeAdmission, RoomSocket } from '#edge/rooms-ports.ts'
import type { QuotaStanding } from '#edge/store/quotas.ts'
import type { KeptSession } from '#edge/session/kept-session.ts'
import { SessionRoom, type Seat } from '#edge/session/session-room.ts'
import { systemClock } from '#shared/clock.ts'
import { faultOf, notFound } from '#shared/fault.ts'
import type { ApiKeyId, NodeId } from '#shared/ids.ts'
import { invariant } from '#shared/invariant.ts'
import { MAX_MESSAGE_BYTES, MAX_SOCKET_MESSAGE_BYTES } from '#shared/protocol/limits.ts'
import type { Bindings } from './bindings.ts'
import { portsOf } from './ports-of.ts'
import { Alarm, frameOf, roomSocket } from './room-host.ts'
import { createFleet } from './rooms.ts'
import { accepted, admissionOf, refused } from './upgrades.ts'

type Admission = ({ end: 'caller' } & CallerAdmission) | ({ end: 'node' } & NodeAdmission)

const KEPT = 'session'
/** For a socket that ended without a close frame (RFC 6455 §7.1.5). */
const CLOSE_ABNORMAL = 1006

export class SessionObject extends DurableObject<Bindings> {
  /** The wires that callers may speak beside parley.chat.v1. */
  protected readonly wires: Wires = WIRES
  readonly #alarm: Alarm
  #room: SessionRoom | undefined

  constructor(ctx: DurableObjectState, bindings: Bindings) {
    super(ctx, bindings)
    this.#alarm = new Alarm(ctx.storage)
    // Nothing is delivered before the room is here.
    void ctx.blockConcurrencyWhile(async () => {
      const kept = await ctx.storage.get<KeptSession>(KEPT)
      if (kept) this.#open(kept, kept).wake()
    })
  }

  /** Reached through upgrades.ts only. */
  async fetch(request: Request): Promise<Response> {
    const admission = admissionOf<Admission>(request)
    try {
      const { room, seat } = await this.#admit(admission)
      const { 0: client, 1: server } = new WebSocketPair()
      this.#seat(server, room, { seat, wire: admission.end === 'caller' ? admission.wire : undefined })
      return accepted(client, request)
    } catch (error) {
      const fault = faultOf(error)
      if (fault.code === 'internal') console.error(error)
      return refused(fault)
    }
  }

  /** The fleet room says so. */
  nodeLost(nodeId: NodeId): void {
    this.#room?.nodeLost(nodeId)
  }

  /** The fleet room says so, when it has stored a turn. */
  metered(standing: QuotaStanding): void {
    this.#room?.metered(standing)
  }

  /** Told of every key that ended. */
  keysEnded(keyIds: ApiKeyId[]): void {
    this.#room?.keysEnded(keyIds)
  }

  /** The fleet room says so, before a deployment. */
  goAway(retryAfterMs: number): void {
    this.#room?.goAway(retryAfterMs)
  }

  alarm(): void {
    this.#alarm.rang()
    this.#room?.alarm()
  }

  // --- private ---

  async #admit(admission: Admission): Promise<{ room: SessionRoom; seat: Seat }> {
    if (admission.end === 'caller' && admission.type === 'new')
      return { room: this.#open(admission), seat: { end: 'caller' } }
    const room = this.#room
    if (!room) throw notFound('session', admission.sessionId)
    if (admission.end === 'caller') {
      await room.admitCaller(admission)
      return { room, seat: { end: 'caller', resumes: { received: admission.received } } }
    }
    await room.admitNode(admission)
    const { secret } = admission
    const resumes = secret.type === 'resume' ? { received: secret.received } : undefined
    return { room, seat: { end: 'node', resumes } }
  }

  #open(who: Pick<KeptSession, 'sessionId' | 'caller'>, kept?: KeptSession): SessionRoom {
    const { storage } = this.ctx
    const { config, ...shared } = portsOf(this.env)
    const identities = config.identityProvider && createIdentities(config.identityProvider, shared)
    const ports = {
      ...shared,
      callerByToken: (token: string) => callerByBearer(token, { ...shared, identities }),
      fleet: createFleet(this.env),
      setAlarm: (at: number | undefined) => this.#alarm.set(at),
      // The wire does not wait for the disk: where a write is lost, the ends still have what they said.
      remember: (next: KeptSession) => void storage.put(KEPT, next, { allowUnconfirmed: true }),
      onEnded: () => this.#forget(),
    }
    this.#room = new SessionRoom(who, ports, kept)
    return this.#room
  }

  #forget(): void {
    this.#room = undefined
    this.#alarm.rang()
    void this.ctx.storage.deleteAlarm()
    void this.ctx.storage.deleteAll()
  }

  #seat(socket: WebSocket, room: SessionRoom, { seat, wire }: { seat: Seat; wire: string | undefined }): void {
    const own = roomSocket(socket)
    socket.binaryType = 'arraybuffer'
    socket.accept()
    const seated = wire === undefined ? seatIn(room, own, seat) : this.#seatClient(own, room, { seat, wire })
    const maxBytes = seat.end === 'caller' ? MAX_MESSAGE_BYTES : MAX_SOCKET_MESSAGE_BYTES
    socket.addEventListener('message', ({ data }: MessageEvent<string | ArrayBuffer>) => {
      // Much may still be on its way from a socket that was closed from here.
      if (socket.readyState !== WebSocket.OPEN) return
      const frame = frameOf(socket, data, maxBytes)
      if (frame !== undefined) seated.message(frame)
    })
    socket.addEventListener('close', ({ code }) => seated.close(code))
    socket.addEventListener('error', () => seated.close(CLOSE_ABNORMAL))
  }

  #seatClient(socket: RoomSocket, room: SessionRoom, { seat, wire }: { seat: Seat; wire: string }): Seated {
    const make = this.wires[wire]
    invariant(make, `the edge speaks ${wire}`)
    const isResume = seat.resumes !== undefined
    return seatClient({ make, socket, clock: systemClock, isResume, post: (verb) => verb(room) })
  }
}

function seatIn(room: SessionRoom, socket: RoomSocket, seat: Seat): Seated {
  room.connect(socket, seat)
  return {
    message: (frame) => room.message(socket, frame),
    close: (code) => room.close(socket, code),
  }
}
