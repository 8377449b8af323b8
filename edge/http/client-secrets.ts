// POST /v1/realtime/client_secrets, in the shape of OpenAI's API (platform.openai.com/docs/api-reference/realtime-sessions): a
// secret that a browser may hold.
import { Hono } from 'hono'
import * as v from 'valibot'
import { newSecret } from '#shared/token.ts'
import { signClientSecret } from '#edge/http/access/client-secret.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'

const MIN_SECONDS = 10
const MAX_SECONDS = 7_200
const DEFAULT_SECONDS = 600

const Wanted = named(
  'ClientSecretRequest',
  v.object({
    expires_after: v.optional(
      v.object({
        anchor: v.optional(v.literal('created_at'), 'created_at'),
        seconds: v.pipe(v.number(), v.integer(), v.minValue(MIN_SECONDS), v.maxValue(MAX_SECONDS)),
      }),
    ),
    session: v.optional(v.looseObject({ type: v.optional(v.literal('realtime'), 'realtime') })),
  }),
)
const ClientSecret = named(
  'ClientSecret',
  v.object({
    value: v.string(),
    /** Seconds since the epoch. */
    expires_at: v.number(),
    session: v.object({ type: v.literal('realtime'), object: v.literal('realtime.session'), id: v.string() }),
  }),
)

export function clientSecretRoutes(ports: OperationPorts) {
  const mint = operation(ports, {
    summary: 'A secret for a browser or an app, which opens /ws/chat until it expires',
    tag: 'talk',
    needs: 'talk',
    rate: 'ticket',
    body: Wanted,
    answers: { 200: ClientSecret },
  })
  return new Hono<OperationEnv>().post('/realtime/client_secrets', mint, async (c) => {
    const { expires_after } = c.req.valid('json')
    const createdAt = Math.floor(ports.clock.now() / 1000)
    const caller = c.get('caller')
    const wanted = createdAt + (expires_after?.seconds ?? DEFAULT_SECONDS)
    const expiresAt = Math.min(wanted, Math.floor((caller.token?.until ?? Infinity) / 1000))
    const value = await signClientSecret(caller, expiresAt, ports)
    const session = { type: 'realtime', object: 'realtime.session', id: newSecret('sess_', 12) } as const
    return c.json({ value, expires_at: expiresAt, session })
  })
}
