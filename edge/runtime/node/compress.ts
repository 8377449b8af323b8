// Compresses what is read and worth it, which on Workers the network does. Not what is made for one caller by a write: an answer with a fresh secret must not tell by its
// length what else is in it (BREACH). Upgrades are left alone.
import type { MiddlewareHandler } from 'hono'
import { compress } from 'hono/compress'
import { isUpgrade } from '#edge/http/plumbing/request-log.ts'

export function createCompress(): MiddlewareHandler {
  const shrink = compress()
  return (c, next) => (c.req.method === 'GET' && !isUpgrade(c.req.header('upgrade')) ? shrink(c, next) : next())
}
