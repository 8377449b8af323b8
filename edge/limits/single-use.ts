// Single-use secrets as small bounded state: each is kept by its hash with a claim, and returns the claim once. A host
// owns the map and calls mint and burn one after the other. Knows no clock, no storage and no host.
import { invariant } from '#shared/invariant.ts'
import { dropKey, dropOldest, keepNewest } from './bounded-map.ts'

/** By hash, so that whoever reads the state can use none of them. The secret that was minted first comes first. */
export type Secrets = Map<string, MintedSecret>

interface MintedSecret {
  claim: string
  expiresAt: number
}

export interface Minting extends MintedSecret {
  secretHash: string
}

/** SHA-256 has 64 in hex; longer hashes fit too. */
export const MAX_SECRET_HASH_CHARS = 128
/** A claim is a few ids as JSON. */
export const MAX_CLAIM_CHARS = 512

/** At the bound the secret that was minted first is dropped: it is the next to expire. */
export function mintSecret(secrets: Secrets, minting: Minting, maxSecrets: number): void {
  checkMinting(minting)
  const { secretHash, claim, expiresAt } = minting
  keepNewest(secrets, [secretHash, { claim, expiresAt }], maxSecrets)
}

/** Returns the claim once, before the expiry. */
export function burnSecret(secrets: Secrets, secretHash: string, now: number): string | undefined {
  const minted = secrets.get(secretHash)
  dropKey(secrets, secretHash)
  dropOldest(secrets, ({ expiresAt }) => expiresAt <= now)
  return minted && now < minted.expiresAt ? minted.claim : undefined
}

export function checkMinting({ secretHash, claim, expiresAt }: Minting): void {
  const hashFits = secretHash.length > 0 && secretHash.length <= MAX_SECRET_HASH_CHARS
  invariant(hashFits, `a secret's hash has 1–${MAX_SECRET_HASH_CHARS} characters`)
  invariant(claim.length <= MAX_CLAIM_CHARS, `a claim has at most ${MAX_CLAIM_CHARS} characters`)
  invariant(Number.isFinite(expiresAt), 'a time is a finite number')
}
