// The edge as one Hono app: the address of each resource, and the middleware before all of them. Hosts give it its
// ports. Knows no runtime and no SQL.
import { Hono } from 'hono'
import { limitAddresses, limitFailures } from '#edge/http/access/address-limits.ts'
import { callerOf } from '#edge/http/access/auth.ts'
import { accountRoutes } from '#edge/http/account.ts'
import { clientSecretRoutes } from '#edge/http/client-secrets.ts'
import { connectRoutes } from '#edge/http/connect.ts'
import { conversationExportRoutes } from '#edge/http/conversation-export.ts'
import { conversationSearchRoutes } from '#edge/http/conversation-search.ts'
import { conversationRoutes } from '#edge/http/conversations.ts'
import { crossOrigin } from '#edge/http/access/cross-origin.ts'
import { docsRoutes } from '#edge/http/docs/docs.ts'
import { goAwayRoutes } from '#edge/http/go-away.ts'
import { healthRoutes } from '#edge/http/health.ts'
import { keyRoutes } from '#edge/http/keys.ts'
import { metricsRoutes } from '#edge/http/metrics.ts'
import { modelRoutes } from '#edge/http/models.ts'
import { nodeBlobRoutes } from '#edge/http/node-blobs.ts'
import { onFault, onUnknownRoute } from '#edge/http/plumbing/on-fault.ts'
import { openApiRoutes, specsOf } from '#edge/http/operation/openapi.ts'
import { personaRoutes } from '#edge/http/personas.ts'
import { requestLog, type RequestEnv } from '#edge/http/plumbing/request-log.ts'
import { securityHeaders } from '#edge/http/plumbing/security-headers.ts'
import { signInRoutes } from '#edge/http/sign-in.ts'
import { systemInfoRoutes } from '#edge/http/system-info.ts'
import { taskRoutes } from '#edge/http/tasks.ts'
import { ticketRoutes } from '#edge/http/tickets.ts'
import { turnAudioRoutes } from '#edge/http/turn-audio.ts'
import { turnRoutes } from '#edge/http/turns.ts'
import { voiceProfileRoutes } from '#edge/http/voice-profiles.ts'
import { voicePreviewRoutes } from '#edge/http/voice-preview.ts'
import { usageRoutes } from '#edge/http/usage.ts'
import { wireRoutes } from '#edge/http/docs/wires.ts'
import type { EdgePorts } from './ports.ts'

export function createApp(ports: EdgePorts) {
  const app = new Hono<RequestEnv>()
  app.onError(onFault(ports))
  app.notFound(onUnknownRoute(app))
  app.use(requestLog(ports))
  app.use(securityHeaders(ports.settings))
  if (ports.compress) app.use(ports.compress)
  app.use(limitAddresses(ports))
  app.use(limitFailures(ports))
  for (const path of ['/api/*', '/v1/*']) {
    app.use(path, crossOrigin(ports.settings.corsOrigins))
    app.use(path, async (c, next) => {
      await next()
      c.header('cache-control', 'private, no-store')
    })
  }
  const routes = app
    .route('/', connectRoutes({ ...ports, callerOf: (c) => callerOf(c, ports) }))
    .route('/', nodeBlobRoutes(ports))
    .route('/', healthRoutes(ports))
    .route('/', metricsRoutes(ports))
    .route('/api', accountRoutes(ports))
    .route('/api', conversationSearchRoutes(ports))
    .route('/api', conversationRoutes(ports))
    .route('/api', conversationExportRoutes(ports))
    .route('/api', turnRoutes(ports))
    .route('/api', turnAudioRoutes(ports))
    .route('/api', keyRoutes(ports))
    .route('/api', goAwayRoutes(ports))
    .route('/api', modelRoutes(ports))
    .route('/api', personaRoutes(ports))
    .route('/api', signInRoutes(ports))
    .route('/api', systemInfoRoutes(ports))
    .route('/api', taskRoutes(ports))
    .route('/api', ticketRoutes(ports))
    .route('/api', voiceProfileRoutes(ports))
    .route('/api', voicePreviewRoutes(ports))
    .route('/api', usageRoutes(ports))
    .route('/v1', clientSecretRoutes(ports))
  const specs = specsOf(app, ports.settings)
  app.route('/', openApiRoutes(specs)).route('/', docsRoutes(specs, ports.settings.quotas)).route('/', wireRoutes())
  return routes
}
