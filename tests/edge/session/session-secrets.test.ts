// Tickets and resume tokens of one session, by themselves.
import { expect, it } from 'vitest'
import { SessionSecrets } from '#edge/session/session-secrets.ts'
import { TICKET_VALID_MS } from '#shared/protocol/limits.ts'

const at = { nodeId: 'nod_one', epoch: 2 } as const

it.each<
  [
    string,
    boolean,
    Partial<{ nodeId: 'nod_two'; placedAt: { nodeId: 'nod_one' | 'nod_two'; epoch: number }; now: number }>,
  ]
>([
  ['its own', true, {}],
  ['another node', false, { nodeId: 'nod_two' }],
  ['a session that went to another node', false, { placedAt: { nodeId: 'nod_two', epoch: 2 } }],
  ['a later epoch', false, { placedAt: { nodeId: 'nod_one', epoch: 3 } }],
  ['its last moment', true, { now: 1_000 + TICKET_VALID_MS - 1 }],
  ['its end', false, { now: 1_000 + TICKET_VALID_MS }],
])('[SES17] a ticket is good for its node, session, epoch and time: %s, %s', async (_what, isGood, other) => {
  const secrets = new SessionSecrets()
  const { ticket } = secrets.mintTicket(2, 1_000)
  expect(await secrets.burnTicket(ticket, { nodeId: 'nod_one', placedAt: at, now: 1_000, ...other })).toBe(isGood)
})

it('[SES17] a ticket burns once, and not by a wrong one', async () => {
  const secrets = new SessionSecrets()
  const by = { nodeId: 'nod_one', placedAt: at, now: 1_000 } as const
  expect(await secrets.burnTicket('none', by)).toBe(false)
  const { ticket } = secrets.mintTicket(2, 1_000)
  expect(await secrets.burnTicket('wrong', by)).toBe(false)
  const both = await Promise.all([secrets.burnTicket(ticket, by), secrets.burnTicket(ticket, by)])
  expect(both.filter(Boolean)).toHaveLength(1)
})

it('[SES10] a token and the one before it are good, an older one is not, also in another memory', async () => {
  const secrets = new SessionSecrets()
  expect(await secrets.caller.matches('')).toBe(false)
  const tokens = [secrets.caller.rotate(), secrets.caller.rotate(), secrets.caller.rotate()]
  for (const { caller } of [secrets, new SessionSecrets(secrets.keep())])
    expect(await Promise.all(tokens.map((token) => caller.matches(token)))).toEqual([false, true, true])
  expect(await secrets.node.matches(tokens[2] ?? '')).toBe(false)
  expect(secrets.caller.current()).toBe(tokens[2])
  expect(secrets.node.current()).toBe(secrets.node.current())
})
