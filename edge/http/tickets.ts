// POST /api/tickets: the right to open /ws/chat once, for browsers and apps that cannot set a header on a WebSocket.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import { FaultError } from '#shared/fault.ts'
import { allowedCaller, type AuthPorts } from './auth.ts'
import { describe } from './describe.ts'
import { mintGrant } from './key-grant.ts'

/** A page takes one a dial; a flapping network dials some ten times a minute. */
const TICKETS = { capacity: 30, perMinute: 30 }

const Ticket = v.object({ ticket: v.string(), expiresAt: v.number() })

export function ticketRoutes(ports: AuthPorts & Pick<EdgePorts, 'limits'>) {
  const described = describe({
    summary: 'The right to open /ws/chat once, within 60 s',
    tag: 'talk',
    needs: 'talk',
    answers: { 201: Ticket },
  })
  return new Hono().post('/tickets', described, async (c) => {
    const caller = await allowedCaller(c, ports, 'talk')
    const taken = await ports.limits.take(`ticket:${caller.userId}`, TICKETS, ports.clock.now())
    if (!taken.ok) throw new FaultError({ code: 'rate_limited', retryAfterMs: taken.retryAfterMs })
    const { secret: ticket, expiresAt } = await mintGrant('ticket', caller, ports)
    return c.json({ ticket, expiresAt }, 201)
  })
}
