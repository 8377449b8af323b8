// The caller's ticket: a single-use right to one session, for browsers and apps that cannot send a header with a socket.
// Minted by POST /api/tickets, burnt by connect.ts. The Limits port keeps only its hash and whose it is.
import * as v from 'valibot'
import { SCOPES, type Caller, type EdgePorts } from '#edge/ports.ts'
import { isId, type ApiKeyId, type UserId } from '#shared/ids.ts'
import { CALLER_TICKET_VALID_MS } from '#shared/protocol/limits.ts'
import { newSecret, sha256Hex } from '#shared/token.ts'

type TicketPorts = Pick<EdgePorts, 'clock' | 'limits'>

const Claim = v.object({
  userId: v.custom<UserId>((value) => typeof value === 'string' && isId('user', value)),
  keyId: v.custom<ApiKeyId>((value) => typeof value === 'string' && isId('apiKey', value)),
  scopes: v.array(v.picklist(SCOPES)),
})

export async function mintCallerTicket(
  caller: Caller,
  { clock, limits }: TicketPorts,
): Promise<{ ticket: string; expiresAt: number }> {
  const ticket = newSecret('')
  const expiresAt = clock.now() + CALLER_TICKET_VALID_MS
  await limits.mint(await sha256Hex(ticket), JSON.stringify(caller), expiresAt)
  return { ticket, expiresAt }
}

/** The caller, once; undefined for a ticket that is unknown, used or too old. */
export async function burnCallerTicket(ticket: string, { clock, limits }: TicketPorts): Promise<Caller | undefined> {
  const claim = await limits.burn(await sha256Hex(ticket), clock.now())
  return claim === undefined ? undefined : v.parse(Claim, JSON.parse(claim))
}
