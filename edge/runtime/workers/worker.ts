// The entry of the edge on Workers: chooses and connects what edge/app.ts needs, once an isolate, and names the classes of
// the objects. Knows no route and no room.
import { createApp } from '#edge/app.ts'
import { createIdentities } from '#edge/http/access/identities.ts'
import { answerOf } from '#edge/http/plumbing/problem.ts'
import { faultOf } from '#shared/fault.ts'
import type { Bindings } from './bindings.ts'
import { createBlobs } from './blobs.ts'
import { later } from './later.ts'
import { createLimits } from './limits.ts'
import { pageRoutes } from './page.ts'
import { portsOf } from './ports-of.ts'
import { scheduled } from './schedule.ts'
import { createFleet, createSessions } from './rooms.ts'
import { createTasks } from './tasks-object.ts'
import { createUpgrades } from './upgrades.ts'

export { FleetObject } from './fleet-object.ts'
export { LimitsObject } from './limits-object.ts'
export { SessionObject } from './session-object.ts'
export { TasksObject } from './tasks-object.ts'

/** A forwarded address; longer ones are no addresses. */
const MAX_ADDRESS_CHARS = 64
/** A setting is put right by a deployment. */
const RETRY_AFTER_MS = 60_000

let app: ReturnType<typeof createEdge> | undefined

export default {
  fetch(request: Request, bindings: Bindings, execution: object): Response | Promise<Response> {
    try {
      app ??= createEdge(bindings)
    } catch (error) {
      console.error(JSON.stringify({ level: 'ERROR', fault: faultOf(error), msg: 'the edge cannot start' }))
      return answerOf({ code: 'unavailable', what: 'settings', retryAfterMs: RETRY_AFTER_MS })
    }
    return app.fetch(request, bindings, execution as never)
  },
  scheduled,
}

function createEdge(bindings: Bindings) {
  const { config, ...ports } = portsOf(bindings)
  const { version, metricsToken, signingSecret, publicOrigin, addressRate, corsOrigins, metering } = config
  const blobs = createBlobs(bindings.BLOBS)
  const fleet = createFleet(bindings)
  const edge = createApp({
    ...ports,
    tasks: createTasks(bindings, later),
    limits: createLimits(bindings.LIMITS),
    identities: config.identityProvider && createIdentities(config.identityProvider, ports),
    blobs,
    fleet,
    sessions: createSessions(bindings, ports.log),
    upgrades: createUpgrades(bindings),
    settings: {
      version,
      metricsToken,
      signingSecret,
      publicOrigin,
      addressRate,
      quotas: metering.quotas,
      corsOrigins,
      runtime: 'workers',
      startedAt: ports.clock.now(),
    },
    // Set by Cloudflare, whatever a client wrote into it.
    addressOf: (c) => (c.req.header('cf-connecting-ip') ?? 'unknown').slice(0, MAX_ADDRESS_CHARS),
  })
  edge.route('/', pageRoutes(bindings.ASSETS))
  return edge
}
