// What can be used up: the names that a fault, a notice and GET /api/usage have for it.
import * as v from 'valibot'

/**
 * sessions: open at once, per user. tokens, audioMs, cost: per user and day. serviceCost: of all users together, per
 * day. It is a closed list, so that a fault tells nothing else.
 */
export const Quota = v.picklist(['sessions', 'tokens', 'audioMs', 'cost', 'serviceCost'])
export type Quota = v.InferOutput<typeof Quota>
