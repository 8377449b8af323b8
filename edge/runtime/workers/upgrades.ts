// Brings sockets into their rooms on Workers: one request of our own to the room's object, which asks the room first and
// then answers 101 or the fault. Made in worker.ts; admissionOf(), accepted() and refused() are the object's side of it.
// Of a caller's request only the values below ever reach an object.
import type { Context } from 'hono'
import type { Upgrades } from '#edge/rooms-ports.ts'
import { FaultError, type Fault } from '#shared/fault.ts'
import { chosenProtocol, readOfferedProtocols } from '#shared/protocol/version.ts'
import { asciiJson } from './ascii-json.ts'
import type { Bindings } from './bindings.ts'
import { FLEET_NAME } from './rooms.ts'

/** A request needs an address, and objects do not look at it. */
const OBJECT_URL = 'https://object/'
const ADMISSION = 'parley-admission'
const PROTOCOL = 'parley-protocol'

export function createUpgrades({ SESSIONS, FLEET }: Pick<Bindings, 'SESSIONS' | 'FLEET'>): Upgrades {
  return {
    caller: (c, admission) => upgrade(c, SESSIONS.getByName(admission.sessionId), { end: 'caller', ...admission }),
    nodeControl: (c, node) => upgrade(c, FLEET.getByName(FLEET_NAME), node),
    nodeSession: (c, admission) => upgrade(c, SESSIONS.getByName(admission.sessionId), { end: 'node', ...admission }),
  }
}

interface Asked {
  fetch(url: string, init: RequestInit): Promise<Response>
}

async function upgrade(c: Context, object: Asked, admission: object): Promise<Response> {
  const { protocols } = readOfferedProtocols(c.req.header('sec-websocket-protocol'))
  const headers = {
    upgrade: 'websocket',
    [ADMISSION]: asciiJson(admission),
    [PROTOCOL]: chosenProtocol(protocols) ?? '',
  }
  const answer = await object.fetch(OBJECT_URL, { headers })
  if (answer.status === 101) return answer
  throw new FaultError(await answer.json())
}

// --- the object's side ---

/** The admission that the Worker has written into its request. */
export function admissionOf<T>({ headers }: Request): T {
  return JSON.parse(headers.get(ADMISSION) ?? 'null')
}

/** Answers with the caller's end of the pair and the wire's name, never with a ticket or a token that rode beside it. */
export function accepted(client: WebSocket, request: Request): Response {
  const protocol = request.headers.get(PROTOCOL)
  const headers: Record<string, string> = protocol ? { 'sec-websocket-protocol': protocol } : {}
  return new Response(null, { status: 101, webSocket: client, headers })
}

/** The whole fault. Only our own Worker reads it, and tells a stranger the public part. */
export function refused(fault: Fault): Response {
  return Response.json(fault, { status: 409 })
}
