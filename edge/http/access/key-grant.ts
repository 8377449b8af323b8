// Single-use secrets that stand for a key: the ticket that opens one session, for browsers and apps that cannot send a
// header with a socket, and the code that signs one browser in. The Limits port keeps only a secret's hash and the key
// behind it, so that a revoked key takes its tickets and codes along.
import type { Caller } from '#shared/model/caller.ts'
import type { EdgePorts } from '#edge/ports.ts'
import { CALLER_TICKET_VALID_MS } from '#shared/protocol/limits.ts'
import { newSecret, sha256Hex } from '#shared/token.ts'
import { callerByReference, referenceOf } from './key-reference.ts'

export type Grant = 'ticket' | 'signIn'

/** A sign-in code lasts long enough to walk to the browser. */
const VALID_MS: Record<Grant, number> = { ticket: CALLER_TICKET_VALID_MS, signIn: 10 * 60_000 }

type MintPorts = Pick<EdgePorts, 'clock' | 'limits'>
type BurnPorts = MintPorts & { store: Pick<EdgePorts['store'], 'keys'> }

export async function mintGrant(
  grant: Grant,
  caller: Caller,
  { clock, limits }: MintPorts,
): Promise<{ secret: string; expiresAt: number }> {
  const secret = newSecret('')
  const expiresAt = Math.min(clock.now() + VALID_MS[grant], caller.token?.until ?? Infinity)
  await limits.mint(await hashOf(grant, secret), referenceOf(caller), expiresAt)
  return { secret, expiresAt }
}

/** Gives the caller once. Undefined where the secret is unknown, used or too old, or where its key was revoked. */
export async function burnGrant(
  grant: Grant,
  secret: string,
  { clock, limits, store }: BurnPorts,
): Promise<Caller | undefined> {
  const reference = await limits.burn(await hashOf(grant, secret), clock.now())
  return reference === undefined ? undefined : callerByReference(store.keys, reference, clock.now())
}

/** The grant's kind is part of it, so that a ticket is no sign-in code and the other way round. */
async function hashOf(grant: Grant, secret: string): Promise<string> {
  return `${grant}:${await sha256Hex(secret)}`
}
