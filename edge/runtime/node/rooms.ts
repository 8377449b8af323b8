// All rooms of this process: a map of session rooms and one fleet room, each behind its mailbox, and how they reach
// each other. Made in main.ts; upgrades.ts brings the sockets.
import type { CallerAdmission, Fleet, Metrics, NodeAdmission, RoomSocket, Sessions } from '#edge/ports.ts'
import type { Store } from '#edge/store/store.ts'
import { chatCodec } from '#edge/clients/chat/chat-codec.ts'
import { FleetRoom } from '#edge/fleet/fleet-room.ts'
import type { Seat } from '#edge/session/peer.ts'
import { SessionRoom } from '#edge/session/session-room.ts'
import type { Clock } from '#shared/clock.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import type { NodeId, SessionId } from '#shared/ids.ts'
import type { Frame } from '#shared/link/frame.ts'
import type { Log } from '#shared/log.ts'
import { hostRoom } from './room-host.ts'

/** From the first goodbye of an edge that stops to the moment at which its successor listens, in the usual case. */
const RESTART_MS = 3_000

export interface RoomsPorts {
  clock: Clock
  log: Log
  store: Pick<Store, 'sessions' | 'turns' | 'voices' | 'audio'>
  metrics: Pick<Metrics, 'count' | 'observe'>
  nodeJoined(): void
}

/** One socket in its room, as the host of the socket drives it. */
export interface Seated {
  message(frame: Frame): void
  close(code: number): void
}

/** Takes the socket once it is open. */
export type Seating = (socket: RoomSocket) => Seated

export interface Rooms {
  sessions: Sessions
  fleet: Fleet & { drain(nodeId: NodeId): void; turnAway(nodeId: NodeId): void }
  /** Each throws FaultError before a socket exists. */
  admitCaller(admission: CallerAdmission): Promise<Seating>
  admitNode(admission: NodeAdmission): Promise<Seating>
  admitControl(node: { nodeId: NodeId }): Seating
  /** Ends every session; resolves once all of them are written. */
  shutdown(): Promise<void>
}

export function createRooms(ports: RoomsPorts): Rooms {
  const { clock, log } = ports
  const hosted = new Map<SessionId, HostedSession>()
  const sessions = sessionsOf(hosted)
  const fleetHost = hostRoom({ clock, log, ring: () => fleet.alarm() })
  const fleet = new FleetRoom({ ...ports, sessions, setAlarm: (at) => fleetHost.alarm.set(at) })
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
      if (admission.type === 'new' && isStopping)
        throw new FaultError({ code: 'unavailable', what: 'edge', retryAfterMs: RESTART_MS })
      if (admission.type === 'new') return (socket) => seat(open(admission), socket, 'caller')
      const session = find(admission.sessionId)
      await session.room.admitCaller(admission)
      return (socket) => seat(session, socket, 'caller', admission.received)
    },
    admitNode: async (admission) => {
      const session = find(admission.sessionId)
      await session.room.admitNode(admission)
      const { secret } = admission
      return (socket) => seat(session, socket, 'node', secret.type === 'resume' ? secret.received : undefined)
    },
    admitControl: (node) => (socket) => {
      fleetHost.post(() => fleet.connect(socket, node))
      return {
        message: (frame) => fleetHost.post(() => fleet.message(socket, frame)),
        close: () => fleetHost.post(() => fleet.close(socket)),
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

interface HostedSession {
  room: SessionRoom
  post: (verb: (room: SessionRoom) => void) => void
}

function hostSession(
  who: Extract<CallerAdmission, { type: 'new' }>,
  ports: RoomsPorts & { fleet: Fleet; onEnded: () => void },
): HostedSession {
  const host = hostRoom({ ...ports, ring: () => room.alarm() })
  const room = new SessionRoom(who, { ...ports, codec: chatCodec, setAlarm: (at) => host.alarm.set(at) })
  return { room, post: (verb) => host.post(() => verb(room)) }
}

function seat({ post }: HostedSession, socket: RoomSocket, is: Seat['is'], resumedFrom?: number): Seated {
  post((room) => room.connect(socket, { is, resumedFrom }))
  return {
    message: (frame) => post((room) => room.message(socket, frame)),
    close: (code) => post((room) => room.close(socket, code)),
  }
}
