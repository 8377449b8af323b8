// Bounds of one network address: how often it asks, and how often it fails to authenticate. Mounted before all routes by app.ts.
import type { MiddlewareHandler } from 'hono'
import type { EdgePorts, Taken } from '#edge/ports.ts'
import { countedNetworks } from '#edge/limits/counted-address.ts'
import { FaultError } from '#shared/fault.ts'
import { answerOf } from '#edge/http/plumbing/problem.ts'
import type { RequestEnv } from '#edge/http/plumbing/request-log.ts'

/** Failed attempts of one address. Keys cannot be guessed: this tells a client that is broken or hostile to wait. */
const FAILURES = { capacity: 20, perMinute: 10 }

/** Answers 429 to an address that asks too often, before anything is looked up. Probes are not counted. */
export function limitAddresses({
  clock,
  limits,
  settings,
  addressOf,
}: Pick<EdgePorts, 'clock' | 'limits' | 'settings' | 'addressOf'>): MiddlewareHandler {
  const rule = { capacity: settings.addressRate, perMinute: settings.addressRate }
  return async (c, next) => {
    if (settings.addressRate > 0 && c.req.path !== '/health') {
      const taken = await takeOfNetworks(limits, { kind: 'address', address: addressOf(c), rule, now: clock.now() })
      if (!taken.ok) throw new FaultError({ code: 'rate_limited', retryAfterMs: taken.retryAfterMs })
    }
    await next()
  }
}

/** Counts each 401, of callers and of nodes, against its address. Over the bound a 401 becomes a 429. */
export function limitFailures(ports: Pick<EdgePorts, 'clock' | 'limits' | 'addressOf'>): MiddlewareHandler<RequestEnv> {
  return async (c, next) => {
    await next()
    if (c.res.status !== 401) return
    const { limits, addressOf, clock } = ports
    const failure = { kind: 'failure', address: addressOf(c), rule: FAILURES, now: clock.now() } as const
    const taken = await takeOfNetworks(limits, failure)
    if (!taken.ok) c.res = answerOf({ code: 'rate_limited', retryAfterMs: taken.retryAfterMs }, c.get('traceId'))
  }
}

/** Takes a token of the address's own bucket, then of the networks around it; the first that is empty refuses. */
async function takeOfNetworks(
  limits: EdgePorts['limits'],
  taking: { kind: 'address' | 'failure'; address: string; rule: { capacity: number; perMinute: number }; now: number },
): Promise<Pick<Taken, 'ok' | 'retryAfterMs'>> {
  const { kind, address, rule, now } = taking
  for (const [at, { name, factor }] of countedNetworks(address).entries()) {
    const wider = { capacity: rule.capacity * factor, perMinute: rule.perMinute * factor }
    // A kind of its own, so that a flood of addresses does not push out the buckets of networks.
    const taken = await limits.take(`${at === 0 ? kind : `${kind}-network`}:${name}`, wider, now)
    if (!taken.ok) return taken
  }
  return { ok: true, retryAfterMs: 0 }
}
