// POST /api/system/goaway, for an operator before a deployment: every call and node leaves its sockets in an orderly way and
// comes back when the new version is there. The calls go on.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import { GoAway } from '#shared/protocol/session-messages.ts'
import { allowedCaller, type AuthPorts } from './auth.ts'
import { readBody } from './read-body.ts'

const Asked = v.pick(GoAway, ['retryAfterMs'])

export function goAwayRoutes(ports: AuthPorts & Pick<EdgePorts, 'fleet' | 'log'>) {
  return new Hono().post('/system/goaway', async (c) => {
    const { keyId } = await allowedCaller(c, ports, 'admin')
    const { retryAfterMs } = await readBody(c, Asked)
    const told = await ports.fleet.goAway(retryAfterMs)
    ports.log.info({ ...told, retryAfterMs, keyId }, 'sent everybody away')
    return c.json(told)
  })
}
