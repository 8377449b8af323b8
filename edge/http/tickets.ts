// POST /api/tickets: the right to open /ws/chat once, for browsers and apps that cannot set a header on a WebSocket.
import { Hono } from 'hono'
import * as v from 'valibot'
import { mintGrant } from '#edge/http/access/key-grant.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'

const Ticket = named('Ticket', v.object({ ticket: v.string(), expiresAt: v.number() }))

export function ticketRoutes(ports: OperationPorts) {
  const mint = operation(ports, {
    summary: 'The right to open /ws/chat once, within 60 s',
    tag: 'talk',
    needs: 'talk',
    rate: 'ticket',
    answers: { 201: Ticket },
  })
  return new Hono<OperationEnv>().post('/tickets', mint, async (c) => {
    const { secret: ticket, expiresAt } = await mintGrant('ticket', c.get('caller'), ports)
    return c.json({ ticket, expiresAt }, 201)
  })
}
