// The addresses that become sockets: /ws/chat for callers, /node/control and /node/session/:id for nodes.
// Checks, in this order: the wire's version, who it is, what it may. A refusal is an HTTP answer; the rooms are reached
// through the Upgrades port only.
import { Hono, type Context } from 'hono'
import type { EdgePorts } from '#edge/ports.ts'
import type { Caller } from '#shared/model/caller.ts'
import type { CallerAdmission, NodeAdmission } from '#edge/rooms-ports.ts'
import { FaultError, invalid, notFound } from '#shared/fault.ts'
import { isId, newId } from '#shared/ids.ts'
import {
  chosenProtocol,
  CHAT_PROTOCOL,
  NODE_PROTOCOL,
  readOfferedProtocols,
  SESSION_PROTOCOL,
} from '#shared/protocol/version.ts'
import { bearerOf, nodeOf, requireAllowedOrigin, requireScope, unproved } from '#edge/http/access/auth.ts'
import { callerByClientSecret, CLIENT_SECRET_PREFIX } from '#edge/http/access/client-secret.ts'
import { burnGrant } from '#edge/http/access/key-grant.ts'

interface ConnectPorts extends Pick<EdgePorts, 'clock' | 'limits' | 'settings' | 'upgrades'> {
  store: Pick<EdgePorts['store'], 'keys' | 'nodes'>
  /** Who asks, by key or by cookie and Origin. Throws FaultError unauthenticated or forbidden. */
  callerOf(c: Context): Promise<Caller>
}

const RESUME_WHERE = 'a resume token needs ?session=: dial the resumeUrl of session.ready'
/** RFC 6455 §4.1. A server answers any other with 426 and names this one (§4.4): see problem.ts. */
const WEBSOCKET_VERSION = '13'
/** What a caller must be allowed to do. */
const TALK = 'talk'
/** New sessions of one user. Together with START_TIMEOUT_MS it bounds the sockets that are open and say nothing. */
const DIALS = { capacity: 200, perMinute: 300 }

export function connectRoutes(ports: ConnectPorts): Hono {
  const app = new Hono()
  app.get('/ws/chat', (c) => connectCaller(c, ports))
  app.get('/node/control', async (c) => {
    offered(c, NODE_PROTOCOL)
    return ports.upgrades.nodeControl(c, { nodeId: await nodeOf(c, ports) })
  })
  app.get('/node/session/:sessionId', (c) => connectNode(c, ports))
  return app
}

async function connectCaller(c: Context, ports: ConnectPorts): Promise<Response> {
  const { ticket, resumeToken } = offered(c, CHAT_PROTOCOL)
  const sessionId = c.req.query('session')
  if (sessionId !== undefined) {
    if (!isId('session', sessionId)) throw notFound('session', sessionId)
    // The token is the right to this session: nothing else is asked for, so that a resume needs no new ticket.
    if (resumeToken === undefined) throw unproved('resumeToken')
    return resumed(c, { type: 'resume', sessionId, resumeToken, received: receivedOf(c) }, ports)
  }
  // A new session would be opened in silence, and the one that is meant would be lost.
  if (resumeToken !== undefined) throw invalid(RESUME_WHERE)
  const caller = await talkerOf(c, ticket, ports)
  requireScope(caller, TALK)
  const taken = await ports.limits.take(`dial:${caller.userId}`, DIALS, ports.clock.now())
  if (!taken.ok) throw new FaultError({ code: 'rate_limited', retryAfterMs: taken.retryAfterMs })
  return ports.upgrades.caller(c, { type: 'new', sessionId: newId('session', ports.clock.now()), caller })
}

/** The room checks the token. Here its refusal gets the reason that the caller may know. */
async function resumed(c: Context, admission: CallerAdmission, { upgrades }: ConnectPorts): Promise<Response> {
  try {
    return await upgrades.caller(c, admission)
  } catch (error) {
    throw error instanceof FaultError && error.fault.code === 'unauthenticated' ? unproved('resumeToken') : error
  }
}

async function connectNode(c: Context, ports: ConnectPorts): Promise<Response> {
  const { ticket, resumeToken } = offered(c, SESSION_PROTOCOL)
  const nodeId = await nodeOf(c, ports)
  const sessionId = c.req.param('sessionId') ?? ''
  if (!isId('session', sessionId)) throw notFound('session', sessionId)
  return ports.upgrades.nodeSession(c, { sessionId, nodeId, secret: secretOf(c, ticket, resumeToken) })
}

function secretOf(c: Context, ticket: string | undefined, resumeToken: string | undefined): NodeAdmission['secret'] {
  if (ticket !== undefined) return { type: 'ticket', ticket }
  if (resumeToken !== undefined) return { type: 'resume', resumeToken, received: receivedOf(c) }
  throw unproved('missing')
}

/** Refuses an unknown version before anything else is read. */
function offered(c: Context, supported: string): ReturnType<typeof readOfferedProtocols> {
  const version = c.req.header('sec-websocket-version') ?? WEBSOCKET_VERSION
  if (version !== WEBSOCKET_VERSION)
    throw new FaultError({
      code: 'unsupported_version',
      offered: `WebSocket ${version}`.slice(0, 100),
      supported: [`WebSocket ${WEBSOCKET_VERSION}`],
    })
  const found = readOfferedProtocols(c.req.header('sec-websocket-protocol'))
  if (chosenProtocol(found.protocols) === supported && c.req.header('upgrade')?.toLowerCase() === 'websocket')
    return found
  throw new FaultError({
    code: 'unsupported_version',
    offered: found.protocols.join(', ').slice(0, 100),
    supported: [supported],
  })
}

/** `?received=`: the highest number that this end has; 0 without it. */
function receivedOf(c: Context): number {
  const text = c.req.query('received') ?? '0'
  const received = Number(text)
  if (/^\d{1,10}$/.test(text) && received <= 0xffff_ffff) return received
  throw invalid('received: expected a number of the link')
}

/** By ticket or client secret, which ride as a subprotocol; by client secret, key, token or cookie in the headers. */
async function talkerOf(c: Context, ticket: string | undefined, ports: ConnectPorts): Promise<Caller> {
  const secret = ticket ?? bearerOf(c)
  const isClientSecret = secret?.startsWith(CLIENT_SECRET_PREFIX) ?? false
  if (ticket === undefined && !isClientSecret) return ports.callerOf(c)
  const caller = isClientSecret
    ? await callerByClientSecret(secret ?? '', ports)
    : await burnGrant('ticket', ticket ?? '', ports)
  if (!caller) throw unproved(isClientSecret ? 'clientSecret' : 'ticket')
  requireAllowedOrigin(c, caller)
  return caller
}
