// Which edge the command line talks to, and what it asks of it over HTTP. Used by `parley start`, `talk` and `sign-in`.
import * as v from 'valibot'
import { FaultError, invalid } from '#shared/fault.ts'
import { readEdgeAddress } from '#shared/on-node/edge-address.ts'

/** Longer than any edge that works takes to say how it is. */
const HEALTH_TIMEOUT_MS = 5_000
const Health = v.object({ status: v.string() })

export interface EdgeChoice {
  /** What --url says. */
  url: string | undefined
  data: string
}

/** The option of commands that talk to a running edge. */
export const edgeOption = {
  type: 'string',
  description:
    'Address of the edge; default: the one that runs with --data, PUBLIC_ORIGIN, or port PORT of this machine',
} as const

/**
 * The address of an edge that answers, without a slash at its end. Throws a fault that names what was tried and how to name
 * another.
 */
export async function findEdge({ url, data }: EdgeChoice): Promise<string> {
  const { PUBLIC_ORIGIN, PORT } = process.env
  const guesses = [readEdgeAddress(data), PUBLIC_ORIGIN, `http://127.0.0.1:${PORT || '8787'}`]
  const tried = [
    ...new Set((url === undefined ? guesses : [url]).flatMap((one) => (one ? [one.replace(/\/+$/, '')] : []))),
  ]
  for (const one of tried) if (await isEdge(one)) return one
  const how = url === undefined ? ': start one (parley start), or name one (--url https://…)' : ''
  throw invalid(`no edge answers at ${tried.join(' or ')}${how}`)
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

async function isEdge(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) })
    return v.is(Health, await answer.json())
  } catch {
    // Nobody listens, or somebody who is no edge.
    return false
  }
}
