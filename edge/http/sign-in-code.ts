// The code that signs a browser in, once. Minted by the holder of a key, burnt by POST /api/sign-in. The Limits port keeps
// only its hash and the key behind it, so that a revoked key takes its codes along.
import type { Caller, EdgePorts } from '#edge/ports.ts'
import { isId } from '#shared/ids.ts'
import { newSecret, sha256Hex } from '#shared/token.ts'

/** Long enough to walk to the browser. */
const CODE_VALID_MS = 10 * 60_000

export async function mintSignInCode(
  caller: Caller,
  { clock, limits }: Pick<EdgePorts, 'clock' | 'limits'>,
): Promise<{ code: string; expiresAt: number }> {
  const code = newSecret('')
  const expiresAt = clock.now() + CODE_VALID_MS
  await limits.mint(await hashOf(code), caller.keyId, expiresAt)
  return { code, expiresAt }
}

export async function burnSignInCode(
  code: string,
  { clock, limits, store }: Pick<EdgePorts, 'clock' | 'limits' | 'store'>,
): Promise<Caller | undefined> {
  const keyId = (await limits.burn(await hashOf(code), clock.now())) ?? ''
  return isId('apiKey', keyId) ? store.keys.callerById(keyId) : undefined
}

/** Marked with its purpose, so that no other single-use secret can stand in for it. */
async function hashOf(code: string): Promise<string> {
  return `signIn:${await sha256Hex(code)}`
}
