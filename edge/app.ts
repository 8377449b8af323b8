// The edge as one Hono app: which resource is where, and what stands before all of them. Hosts give it its ports. Knows no
// runtime and no SQL.
import { Hono } from 'hono'
import { callerOf, limitFailures } from '#edge/http/auth.ts'
import { connectRoutes } from '#edge/http/connect.ts'
import { conversationRoutes } from '#edge/http/conversations.ts'
import { goAwayRoutes } from '#edge/http/go-away.ts'
import { healthRoutes } from '#edge/http/health.ts'
import { metricsRoutes } from '#edge/http/metrics.ts'
import { nodeBlobRoutes } from '#edge/http/node-blobs.ts'
import { onFault, onUnknownRoute } from '#edge/http/on-fault.ts'
import { personaRoutes } from '#edge/http/personas.ts'
import { limitBody } from '#edge/http/read-body.ts'
import { requestLog, type RequestEnv } from '#edge/http/request-log.ts'
import { securityHeaders } from '#edge/http/security-headers.ts'
import { signInRoutes } from '#edge/http/sign-in.ts'
import { systemInfoRoutes } from '#edge/http/system-info.ts'
import { ticketRoutes } from '#edge/http/tickets.ts'
import type { EdgePorts } from './ports.ts'

export function createApp(ports: EdgePorts) {
  const app = new Hono<RequestEnv>()
  app.onError(onFault(ports))
  app.notFound(onUnknownRoute)
  app.use(requestLog(ports))
  app.use(securityHeaders())
  app.use(limitFailures(ports))
  app.use('/api/*', limitBody())
  app.use('/api/*', async (c, next) => {
    await next()
    c.header('cache-control', 'no-store')
  })
  return app
    .route('/', connectRoutes({ ...ports, callerOf: (c) => callerOf(c, ports) }))
    .route('/', nodeBlobRoutes(ports))
    .route('/', healthRoutes(ports))
    .route('/', metricsRoutes(ports))
    .route('/api', conversationRoutes(ports))
    .route('/api', goAwayRoutes(ports))
    .route('/api', personaRoutes(ports))
    .route('/api', signInRoutes(ports))
    .route('/api', systemInfoRoutes(ports))
    .route('/api', ticketRoutes(ports))
}
