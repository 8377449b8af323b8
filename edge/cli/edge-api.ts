// What the command line asks a running edge over HTTP. Used by `parley start`.
import * as v from 'valibot'
import type { Clock } from '#shared/clock.ts'
import { FaultError } from '#shared/fault.ts'
import { StartError } from './start-error.ts'

/** A migration of a large database may take its time. */
const EDGE_START_MS = 30_000
/** The embedded engines are warmed up by real requests before the node takes sessions. */
const NODE_START_MS = 90_000
const POLL_MS = 50

const Health = v.object({ status: v.string(), slots: v.optional(v.object({ free: v.number() })) })

/** Throws a fault that names the address where no edge answers. */
export async function expectEdge(url: string): Promise<void> {
  if ((await health(url)) === undefined)
    throw new FaultError({ code: 'unavailable', what: `an edge at ${url}`, retryAfterMs: 0 })
}

/** Resolves when the edge answers. */
export function waitForEdge(url: string, clock: Clock): Promise<void> {
  return poll(clock, { stage: 'edge', limitMs: EDGE_START_MS }, async () => (await health(url)) !== undefined)
}

/** Resolves when a node is connected and has a free slot. */
export function waitForNode(url: string, clock: Clock): Promise<void> {
  return poll(
    clock,
    { stage: 'GPU node', limitMs: NODE_START_MS },
    async () => ((await health(url))?.slots?.free ?? 0) > 0,
  )
}

/** The one-time code that signs a browser in. */
export async function fetchSignInCode(url: string, key: string): Promise<string> {
  const answer = await fetch(`${url}/api/sign-in/codes`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
  })
  if (!answer.ok) throw new FaultError({ code: answer.status === 401 ? 'unauthenticated' : 'internal' })
  return v.parse(v.object({ code: v.string() }), await answer.json()).code
}

async function health(url: string): Promise<v.InferOutput<typeof Health> | undefined> {
  try {
    const parsed = v.safeParse(Health, await (await fetch(`${url}/health`)).json())
    return parsed.success ? parsed.output : undefined
  } catch {
    // Nobody listens yet.
    return undefined
  }
}

async function poll(
  clock: Clock,
  limit: { stage: string; limitMs: number },
  isThere: () => Promise<boolean>,
): Promise<void> {
  const startedAt = clock.now()
  while (!(await isThere())) {
    if (clock.now() - startedAt > limit.limitMs)
      throw new StartError(`the ${limit.stage} was not ready within ${limit.limitMs / 1000} s`)
    await clock.sleep(POLL_MS)
  }
}
