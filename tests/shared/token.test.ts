// Secrets, traces and ids: their form, and that they are equal exactly where they should be.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isId, newId } from '#shared/ids.ts'
import { base64Url, newSecret, sameSecret, sha256Hex } from '#shared/token.ts'
import { childOf, newTraceparent, traceIdOf } from '#shared/trace.ts'

describe('secrets', () => {
  it('[TOK1] a secret is its prefix and base64url of random bytes: a token of RFC 7230, so a subprotocol too', () => {
    const secrets = Array.from({ length: 200 }, () => newSecret('pk_'))
    for (const secret of secrets) expect(secret).toMatch(/^pk_[A-Za-z0-9_-]{43}$/)
    expect(new Set(secrets).size).toBe(200)
    expect(newSecret('', 16)).toMatch(/^[A-Za-z0-9_-]{22}$/)
    // Every character of the alphabet turns up: the bytes are not all alike.
    expect(new Set(secrets.join('').slice(3)).size).toBe(64)
  })

  it('[TOK1] base64url is that of RFC 4648, without padding', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(base64Url(bytes)).toBe(Buffer.from(bytes).toString('base64url'))
      }),
    )
  })

  it('[TOK2] two secrets are the same exactly when all of their characters are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string(), fc.string(), async (a, b) => {
        expect(await sameSecret(a, b)).toBe(a === b)
        expect(await sameSecret(a, a)).toBe(true)
      }),
    )
    const secret = newSecret('pk_')
    const almost = [secret.slice(0, -1), `${secret}A`, secret.toUpperCase(), ` ${secret}`, '']
    expect(await Promise.all(almost.map((other) => sameSecret(secret, other)))).toEqual(almost.map(() => false))
  })

  it('[TOK2] every byte of the comparison counts', async () => {
    // Digests that agree in one given byte turn up once in 256 pairs.
    const pairs = Array.from({ length: 3_000 }, (_, i) => sameSecret(`left ${i}`, `right ${i}`))
    expect((await Promise.all(pairs)).filter(Boolean)).toEqual([])
  })

  it('[TOK3] the hash of a secret is SHA-256 of its UTF-8, in hex', async () => {
    // NIST FIPS 180-4, example of one block.
    expect(await sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(await sha256Hex('钥匙')).toMatch(/^[0-9a-f]{64}$/)
  })
})

describe('traces', () => {
  it('[TOK4] a traceparent has the form of W3C Trace Context, and its child the same trace with another span', () => {
    const parent = newTraceparent()
    expect(parent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    expect(newTraceparent()).not.toBe(parent)
    const child = childOf(parent)
    expect(traceIdOf(child)).toBe(parent.slice(3, 35))
    expect(child.slice(36, 52)).not.toBe(parent.slice(36, 52))
  })

  it('[TOK4] a parent that is none begins a new trace', () => {
    const zeros = `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`
    const noSpan = `00-4bf92f3577b34da6a3ce929d0e0e4736-${'0'.repeat(16)}-01`
    const upper = '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01'
    for (const bad of ['', 'x', zeros, noSpan, upper, `ff${newTraceparent().slice(2)}`, `${newTraceparent()}-x`]) {
      expect(traceIdOf(bad)).toBeUndefined()
      expect(traceIdOf(childOf(bad))).toMatch(/^[0-9a-f]{32}$/)
    }
  })
})

describe('ids', () => {
  it('[TOK5] an id says what it names and sorts by its creation', () => {
    const ids = [0, 1_700_000_000_000, 1_700_000_000_001, 4_000_000_000_000].map((now) => newId('turn', now))
    for (const id of ids) expect(id).toMatch(/^trn_[0-9a-z]{9}[0-9a-f]{20}$/)
    expect(ids.toSorted()).toEqual(ids)
    expect(newId('turn', 1)).not.toBe(newId('turn', 1))
  })

  it('[TOK6] only an id of the kind, of its characters and its length is taken for one', () => {
    expect(isId('session', newId('session'))).toBe(true)
    expect(isId('persona', 'per_default')).toBe(true)
    const none = [
      '',
      'ses_',
      'ses_ab',
      newId('turn'),
      'SES_abcdef',
      'ses_abc/../def',
      "ses_a' or 1",
      `ses_${'a'.repeat(62)}`,
    ]
    expect(none.filter((value) => isId('session', value))).toEqual([])
  })
})
