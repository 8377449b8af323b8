// GET /api/usage: what a user has used each day, and what is left of today's quotas. An operator sees any user's, or everybody's.
import { Hono } from 'hono'
import * as v from 'valibot'
import { dayEnd, dayOf, DAY_MS } from '#shared/day.ts'
import type { Caller, KeyLimits, Owner } from '#shared/model/caller.ts'
import { notFound } from '#shared/fault.ts'
import { isId } from '#shared/ids.ts'
import { Quota } from '#shared/model/quota.ts'
import { mayDo } from '#edge/http/access/auth.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { wholeNumber } from '#edge/http/operation/whole-number.ts'

const MAX_DAYS = 366
const MAX_ID_CHARS = 64
const EVERYBODY = 'all'

const UsageQuery = v.object({
  days: v.pipe(v.optional(wholeNumber(1, MAX_DAYS), '30'), v.description('How many days, today included')),
  user: v.pipe(
    v.optional(v.pipe(v.string(), v.maxLength(MAX_ID_CHARS))),
    v.description('For an operator: the id of a user, or `all`'),
  ),
})
const Usage = named(
  'Usage',
  v.object({
    /** Null for all users together. */
    userId: v.nullable(v.string()),
    /** Today (UTC), and when its quotas begin anew. */
    today: v.string(),
    resetAt: v.number(),
    quotas: v.pipe(
      v.array(v.object({ quota: Quota, used: v.number(), held: v.number(), max: v.nullable(v.number()) })),
      v.description(
        'Today’s: what is used, what live sessions hold for their next turn, and the most that there is, null for any. Costs in millionths. `max` is that of the asking key; of another user it is the house’s',
      ),
    ),
    days: v.pipe(
      v.array(
        v.object({
          day: v.string(),
          turns: v.number(),
          promptTokens: v.number(),
          completionTokens: v.number(),
          inputAudioMs: v.number(),
          outputAudioMs: v.number(),
          costMicros: v.number(),
        }),
      ),
      v.description('Days with turns, newest first'),
    ),
  }),
)

export function usageRoutes(ports: OperationPorts) {
  const { store, clock } = ports
  const read = operation(ports, {
    summary: 'What you have used each day (UTC), and what is left of today’s quotas',
    tag: 'account',
    needs: 'key',
    rate: 'read',
    query: UsageQuery,
    answers: { 200: Usage },
    refuses: ['not_found'],
  })
  return new Hono<OperationEnv>().get('/usage', read, async (c) => {
    const { days, user } = c.req.valid('query')
    const caller = c.get('caller')
    const { owner, limits } = whose(caller, user)
    const now = clock.now()
    const today = dayOf(now)
    const [meters, used] = await Promise.all([
      store.quotas.meters(owner, limits, now),
      store.quotas.usage(owner, { from: dayOf(now - (days - 1) * DAY_MS), to: today }),
    ])
    // Only an operator sees what all users together cost.
    const quotas = meters.filter(({ quota }) => quota !== 'serviceCost' || mayDo(caller, 'admin'))
    const userId = owner === 'everybody' ? null : owner
    return c.json({ userId, today, resetAt: dayEnd(today), quotas, days: used })
  })
}

/** For a caller who is no operator, another user does not exist. */
function whose(caller: Caller, asked: string | undefined): { owner: Owner; limits: KeyLimits } {
  if (asked === undefined || asked === caller.userId) return { owner: caller.userId, limits: caller.limits }
  if (!mayDo(caller, 'admin')) throw notFound('user', asked)
  if (asked === EVERYBODY) return { owner: 'everybody', limits: {} }
  if (!isId('user', asked)) throw notFound('user', asked)
  return { owner: asked, limits: {} }
}
