// /api/keys: the operator makes, lists, rotates and revokes keys; a key's holder sees the keys of his user. A key is shown once.
import { Hono } from 'hono'
import * as v from 'valibot'
import { DAY_MS } from '#shared/day.ts'
import { SCOPES } from '#shared/model/caller.ts'
import { MAX_RATE_FACTOR } from '#edge/limits/route-rates.ts'
import { notFound } from '#shared/fault.ts'
import { plainText } from '#shared/model/plain-text.ts'
import { isId, type ApiKeyId } from '#shared/ids.ts'
import { mayDo } from '#edge/http/access/auth.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { refuseMarkup, type SafeTextPorts } from '#edge/http/plumbing/safe-text.ts'
import { UserIdSchema } from '#shared/model/ids.ts'

const MAX_NAME_CHARS = 64
const MAX_ORIGINS = 20
/** How long both keys are good: time to give programs the new one. */
const DEFAULT_OVERLAP_MS = DAY_MS
const MAX_OVERLAP_MS = 30 * DEFAULT_OVERLAP_MS

const Name = v.pipe(v.string(), v.trim(), v.minLength(1), v.maxLength(MAX_NAME_CHARS), plainText)
const whole = (min: number, max: number) => v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max))
/** As a browser sends it: scheme, host and port, nothing behind (RFC 6454 §6.1). */
const Origin = v.pipe(
  v.string(),
  v.maxLength(255),
  v.check(
    (text) => URL.canParse(text) && new URL(text).origin === text,
    'expected an origin, e.g. https://app.example.org',
  ),
)
const Limits = named(
  'KeyLimits',
  v.strictObject({
    rateFactor: v.optional(v.pipe(v.number(), v.minValue(0.1), v.maxValue(MAX_RATE_FACTOR))),
    sessions: v.optional(whole(0, 1_000)),
    tokensPerDay: v.optional(whole(0, 1_000_000_000)),
    audioMsPerDay: v.optional(whole(0, 1_000_000_000)),
  }),
)
const terms = {
  name: Name,
  scopes: v.pipe(v.array(v.picklist(SCOPES)), v.minLength(1), v.maxLength(SCOPES.length)),
  origins: v.optional(v.nullable(v.pipe(v.array(Origin), v.maxLength(MAX_ORIGINS))), null),
  expiresAt: v.optional(v.nullable(whole(0, Number.MAX_SAFE_INTEGER)), null),
  limits: v.optional(Limits, {}),
}
const NewKey = named('NewKey', v.object({ ...terms, userId: v.optional(UserIdSchema) }))
const Rotation = named('KeyRotation', v.object({ overlapMs: v.optional(whole(0, MAX_OVERLAP_MS), DEFAULT_OVERLAP_MS) }))
const MadeKey = named('MadeKey', v.object({ keyId: v.string(), key: v.string() }))
const KeyView = named(
  'Key',
  v.object({
    keyId: v.string(),
    userId: v.string(),
    name: v.string(),
    scopes: v.array(v.picklist(SCOPES)),
    origins: v.nullable(v.array(v.string())),
    expiresAt: v.nullable(v.number()),
    limits: Limits,
    createdAt: v.number(),
    lastUsedAt: v.nullable(v.number()),
    revokedAt: v.nullable(v.number()),
  }),
)

export function keyRoutes(ports: OperationPorts & SafeTextPorts) {
  const { clock, store } = ports
  const { make, list, rotate, revoke } = operationsOf(ports)
  return new Hono<OperationEnv>()
    .post('/keys', make, async (c) => {
      const key = c.req.valid('json')
      refuseMarkup(ports, key.name)
      return c.json(await store.keys.createKey({ ...key, now: clock.now() }), 201)
    })
    .get('/keys', list, async (c) => {
      const caller = c.get('caller')
      return c.json({ keys: await store.keys.listKeys(mayDo(caller, 'admin') ? undefined : caller.userId) })
    })
    .post('/keys/:id/rotate', rotate, async (c) => {
      const { overlapMs } = c.req.valid('json')
      const keyId = keyIdOf(c.req.param('id'))
      const now = clock.now()
      const made = await store.keys.rotateKey(keyId, { oldUntil: now + overlapMs, now })
      if (!made) throw notFound('key', keyId)
      return c.json(made, 201)
    })
    .delete('/keys/:id', revoke, async (c) => {
      const caller = c.get('caller')
      const keyId = keyIdOf(c.req.param('id'))
      // Whoever holds a key may end it, and it alone: a stolen one must not end its user's others.
      const isAllowed = mayDo(caller, 'admin') || keyId === caller.keyId
      if (!isAllowed || !(await store.keys.revokeKey(keyId, clock.now()))) throw notFound('key', keyId)
      return c.body(null, 204)
    })
}

function operationsOf(ports: OperationPorts) {
  const tag = 'keys'
  const make = operation(ports, {
    summary: 'Make a key; it is shown this once',
    tag,
    needs: 'admin',
    rate: 'account',
    body: NewKey,
    answers: { 201: MadeKey },
    refuses: ['blocked'],
  })
  const list = operation(ports, {
    summary: 'The keys of your user; of all users for an operator',
    tag,
    needs: 'key',
    rate: 'read',
    answers: { 200: v.object({ keys: v.array(KeyView) }) },
  })
  const rotate = operation(ports, {
    summary: 'Make another key on the same terms; the old one is good for a while',
    tag,
    needs: 'admin',
    rate: 'account',
    body: Rotation,
    answers: { 201: MadeKey },
    refuses: ['not_found'],
  })
  const revoke = operation(ports, {
    summary: 'End a key, its sessions, cookies, tickets and client secrets',
    tag,
    needs: 'key',
    rate: 'account',
    answers: { 204: null },
    refuses: ['not_found'],
  })
  return { make, list, rotate, revoke }
}

function keyIdOf(text: string): ApiKeyId {
  if (!isId('apiKey', text)) throw notFound('key', text)
  return text
}
