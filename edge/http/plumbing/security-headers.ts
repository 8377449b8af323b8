// What browsers are told to allow: our own scripts, styles and sockets, the microphone, and no framing. HSTS is
// sent where the request came by TLS, or a proxy of ours ended it.
import type { MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import type { EdgeSettings } from '#edge/ports.ts'
import { isUpgrade } from './request-log.ts'

/** Half a year (RFC 6797 §6.1). Without includeSubDomains: other names of the domain are not ours. */
const HSTS = 'max-age=15552000'

export function securityHeaders({ publicOrigin }: Pick<EdgeSettings, 'publicOrigin'>): MiddlewareHandler {
  const set = secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'self'"],
      // Audio worklets and the page's workers come from our own files; blob: is for what they make themselves.
      workerSrc: ["'self'", 'blob:'],
      mediaSrc: ["'self'", 'blob:'],
      imgSrc: ["'self'", 'data:'],
      objectSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
    permissionsPolicy: { microphone: ['self'], camera: [], geolocation: [] },
    xFrameOptions: 'DENY',
    strictTransportSecurity: false,
  })
  const isBehindTls = publicOrigin?.startsWith('https:') ?? false
  return async (c, next) => {
    if (isUpgrade(c.req.header('upgrade'))) return next()
    await set(c, next)
    if (isBehindTls || c.req.url.startsWith('https:')) c.header('strict-transport-security', HSTS)
  }
}
