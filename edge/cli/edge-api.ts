// What the command line asks a running edge over HTTP. Used by `parley start` and `parley talk`.
import * as v from 'valibot'
import { FaultError } from '#shared/fault.ts'

const Health = v.object({ status: v.string() })

/** Throws a fault that names the address where no edge answers. */
export async function expectEdge(url: string): Promise<void> {
  if ((await health(url)) === undefined)
    throw new FaultError({ code: 'unavailable', what: `an edge at ${url}`, retryAfterMs: 0 })
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
