// GET /metrics in Prometheus' text format, with a token of its own: a scraper needs no caller's key. Without a configured
// token the route is not there.
import { Hono } from 'hono'
import type { EdgePorts } from '#edge/ports.ts'
import { sameSecret } from '#shared/token.ts'
import { bearerOf, unproved } from '#edge/http/access/auth.ts'

type MetricsPorts = Pick<EdgePorts, 'fleet' | 'metrics' | 'sessions' | 'settings'>

export function metricsRoutes({ fleet, metrics, sessions, settings }: MetricsPorts) {
  const { metricsToken } = settings
  if (metricsToken === undefined) return new Hono()
  return new Hono().get('/metrics', async (c) => {
    const token = bearerOf(c)
    if (!(await sameSecret(token ?? '', metricsToken))) throw unproved(token === undefined ? 'missing' : 'key')
    const nodes = await fleet.nodes()
    metrics.set('nodes', nodes.length)
    metrics.set(
      'slots',
      nodes.reduce((sum, node) => sum + node.slots, 0),
    )
    metrics.set(
      'slots_free',
      nodes.reduce((sum, node) => sum + node.freeSlots, 0),
    )
    metrics.set('sessions_live', await sessions.count())
    return c.body(await metrics.text(), 200, { 'content-type': metrics.contentType })
  })
}
