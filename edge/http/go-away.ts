// POST /api/system/goaway, for an operator before a deployment: every call and node leaves its sockets in an orderly way and
// comes back when the new version is there. The calls go on.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import { GoAway } from '#shared/protocol/session-messages.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'

const Asked = named('GoAwayRequest', v.pick(GoAway, ['retryAfterMs']))
const Told = named('GoAwayResult', v.object({ nodes: v.number(), sessions: v.number() }))

export function goAwayRoutes(ports: OperationPorts & Pick<EdgePorts, 'fleet' | 'log'>) {
  const leave = operation(ports, {
    summary: 'Send every call and node away before a deployment; they come back by themselves, and calls go on',
    tag: 'system',
    needs: 'admin',
    rate: 'account',
    body: Asked,
    answers: { 200: Told },
  })
  return new Hono<OperationEnv>().post('/system/goaway', leave, async (c) => {
    const { keyId } = c.get('caller')
    const { retryAfterMs } = c.req.valid('json')
    const told = await ports.fleet.goAway(retryAfterMs)
    ports.log.info({ ...told, retryAfterMs, keyId }, 'sent everybody away')
    return c.json(told)
  })
}
