// All rooms of this process: a map of session rooms and one fleet room, each behind its mailbox, and how they reach
// each other. Made in start-edge.ts; upgrades.ts brings the sockets.
import type { Metrics } from '#edge/ports.ts'
import type { CallerAdmission, Fleet, NodeAdmission, RoomSocket, Sessions } from '#edge/rooms-ports.ts'
import type { Store } from '#edge/store/store.ts'
import { WIRES, type MakeClient, type Wires } from '#edge/clients/client.ts'
import { seatClient, type Seated } from '#edge/clients/seat-client.ts'
import { FleetRoom } from '#edge/fleet/fleet-room.ts'
import { SessionRoom, type Seat } from '#edge/session/session-room.ts'
import type { Clock } from '#shared/clock.ts'
import type { Caller } from '#shared/model/caller.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import { invariant } from '#shared/invariant.ts'
import type { Frame } from '#shared/link/frame.ts'
import type { Log } from '#shared/log.ts'
import { hostRoom, type RoomHost } from './room-host.ts'

/** The usual time from the first goodbye of an edge that stops until its successor listens. */
const RESTART_MS = 3_000

export interface RoomsPorts {
  clock: Clock
  log: Log
  store: Pick<Store, 'sessions' | 'turns' | 'voices' | 'audio'>
  metrics: Pick<Metrics, 'count' | 'observe'>
  nodeJoined(): void
  callerByToken(token: string): Promise<Caller | undefined>
  /** The wires that callers may speak beside parley.chat.v1; all that there are when undefined. */
  wires?: Wires
}

/** Takes the socket once it is open. */
export type Seating = (socket: RoomSocket) => Seated

/** The fleet room as this host reaches it. */
export type NodeFleet = Fleet & { drain(nodeId: NodeId): void; turnAway(nodeId: NodeId): void }

export interface Rooms {
  sessions: Sessions
  fleet: NodeFleet
  /** Each throws FaultError before a socket exists. */
  admitCaller(admission: CallerAdmission): Promise<Seating>
  admitNode(admission: NodeAdmission): Promise<Seating>
  admitControl(node: { nodeId: NodeId }): Seating
  /** Ends every session; resolves once all of them are written. */
  shutdown(): Promise<void>
}

export function createRooms(ports: RoomsPorts): Rooms {
  const { clock, log, wires = WIRES } = ports
  const hosted = new Map<SessionId, HostedSession>()
  const sessions = sessionsOf(hosted)
  const fleetHost = hostRoom({ clock, log, ring: () => fleetRoom.alarm() })
  const fleetRoom = new FleetRoom({ ...ports, sessions, setAlarm: (at) => fleetHost.alarm.set(at) })
  const fleet = fleetOf(fleetRoom, fleetHost)
  const whenEmpty: Array<() => void> = []
  let isStopping = false

  const open = (who: Extract<CallerAdmission, { type: 'new' }>): HostedSession => {
    const onEnded = (): void => {
      hosted.delete(who.sessionId)
      if (hosted.size === 0) for (const done of whenEmpty.splice(0)) done()
    }
    const session = hostSession(who, { ...ports, fleet, onEnded })
    hosted.set(who.sessionId, session)
    return session
  }
  const find = (sessionId: SessionId): HostedSession => {
    const session = hosted.get(sessionId)
    if (!session) throw notFound('session', sessionId)
    return session
  }

  return {
    sessions,
    fleet,
    admitCaller: async (admission) => {
      const make = makerOf(wires, admission.wire)
      if (admission.type === 'new' && isStopping) throw stopping()
      if (admission.type === 'new') return (socket) => seatCaller(open(admission), socket, { make, clock })
      const session = find(admission.sessionId)
      await session.room.admitCaller(admission)
      const resumes = { received: admission.received }
      return (socket) => seatCaller(session, socket, { make, clock, resumes })
    },
    admitNode: async (admission) => {
      const { sessionId, secret } = admission
      const session = find(sessionId)
      await session.room.admitNode(admission)
      const resumes = secret.type === 'resume' ? { received: secret.received } : undefined
      return (socket) => seat(session, socket, { end: 'node', resumes })
    },
    admitControl: (node) => (socket) => {
      fleetHost.post(() => fleetRoom.connect(socket, node))
      return {
        message: (frame) => fleetHost.post(() => fleetRoom.message(socket, frame)),
        close: () => fleetHost.post(() => fleetRoom.close(socket)),
      }
    },
    shutdown: async () => {
      isStopping = true
      const left = new Promise<void>((resolve) => whenEmpty.push(resolve))
      for (const session of hosted.values()) session.post((room) => room.shutdown(RESTART_MS))
      if (hosted.size > 0) await left
      await fleet.goAway(RESTART_MS)
    },
  }
}

const stopping = (): FaultError => new FaultError({ code: 'unavailable', what: 'edge', retryAfterMs: RESTART_MS })

function sessionsOf(hosted: ReadonlyMap<SessionId, HostedSession>): Sessions {
  return {
    count: () => Promise.resolve(hosted.size),
    goAway: (ids, retryAfterMs) => {
      for (const id of ids) hosted.get(id)?.post((room) => room.goAway(retryAfterMs))
      return Promise.resolve()
    },
    nodeLost: (nodeId, ids) => {
      for (const id of ids) hosted.get(id)?.post((room) => room.nodeLost(nodeId))
      return Promise.resolve()
    },
    metered: (id, standing) => {
      hosted.get(id)?.post((room) => room.metered(standing))
      return Promise.resolve()
    },
    keysEnded: (keyIds) => {
      for (const session of hosted.values()) session.post((room) => room.keysEnded(keyIds))
      return Promise.resolve()
    },
  }
}

/** Every call goes through the mailbox: a session room calls in the middle of what the fleet room tells it. */
function fleetOf(room: FleetRoom, { ask, post }: RoomHost): NodeFleet {
  return {
    nodes: () => ask(() => room.nodes()),
    place: (offer) => ask(() => room.place(offer)),
    goAway: (retryAfterMs) => ask(() => room.goAway(retryAfterMs)),
    request: (request) => ask(() => room.request(request)),
    release: (sessionId, reason) => ask(() => room.release(sessionId, reason)),
    drain: (nodeId) => post(() => room.drain(nodeId)),
    turnAway: (nodeId) => post(() => room.turnAway(nodeId)),
  }
}

interface HostedSession {
  room: SessionRoom
  post: (verb: (room: SessionRoom) => void) => void
  give: RoomHost['give']
}

function hostSession(
  who: Extract<CallerAdmission, { type: 'new' }>,
  ports: RoomsPorts & { fleet: Fleet; onEnded: () => void },
): HostedSession {
  const host = hostRoom({ ...ports, ring: () => room.alarm() })
  const room = new SessionRoom(who, { ...ports, setAlarm: (at) => host.alarm.set(at) })
  return { room, post: (verb) => host.post(() => verb(room)), give: host.give }
}

function makerOf(wires: Wires, wire: string | undefined): MakeClient | undefined {
  if (wire === undefined) return undefined
  const make = wires[wire]
  invariant(make, `the edge speaks ${wire}`)
  return make
}

interface CallerSeat {
  /** Undefined for a socket that speaks parley.chat.v1 itself. */
  make: MakeClient | undefined
  clock: Clock
  resumes?: Seat['resumes']
}

function seatCaller(session: HostedSession, socket: RoomSocket, { make, clock, resumes }: CallerSeat): Seated {
  if (!make) return seat(session, socket, { end: 'caller', resumes })
  return seatClient({ make, socket, clock, isResume: resumes !== undefined, post: session.post })
}

function seat({ room, post, give }: HostedSession, socket: RoomSocket, as: Seat): Seated {
  post(() => room.connect(socket, as))
  const take = (frame: Frame): void => room.message(socket, frame)
  return {
    message: (frame) => give(take, frame),
    close: (code) => post(() => room.close(socket, code)),
  }
}
