// What browsers are told to allow: our own scripts, styles and sockets, the microphone, and no framing. No CORS header is
// ever sent, so that pages of other origins cannot read anything.
import type { MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { isUpgrade } from './request-log.ts'

export function securityHeaders(): MiddlewareHandler {
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
  })
  return (c, next) => (isUpgrade(c.req.header('upgrade')) ? next() : set(c, next))
}
