// Secrets, with WebCrypto only: made random, kept as hashes, compared in constant time.

/** A random secret: prefix + base64url, so only characters that a WebSocket subprotocol may hold (RFC 7230 token). */
export function newSecret(prefix: string, bytes = 32): string {
  const random = crypto.getRandomValues(new Uint8Array(bytes))
  return prefix + base64Url(random)
}

export function base64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}

export async function sha256Hex(text: string): Promise<string> {
  return Array.from(await sha256(text), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

/** Whether two secrets are equal. XOR over SHA-256 digests: timingSafeEqual is not on every runtime. */
export async function sameSecret(a: string, b: string): Promise<boolean> {
  const [left, right] = await Promise.all([sha256(a), sha256(b)])
  let difference = 0
  for (const [i, byte] of left.entries()) difference |= byte ^ (right[i] ?? 0)
  return difference === 0
}

async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
}
