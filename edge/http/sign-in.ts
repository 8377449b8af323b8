// Signing a browser in: the holder of a key takes a one-time code, the code rides to the page in the URL's fragment (which
// no server sees), and the page trades it for an HttpOnly cookie. GET /api/me says who one is.
import { Hono } from 'hono'
import * as v from 'valibot'
import type { EdgePorts } from '#edge/ports.ts'
import { FaultError } from '#shared/fault.ts'
import { callerOf, dropCookie, refuseForeignOrigin, setCookieFor, type AuthPorts } from './auth.ts'
import { burnGrant, mintGrant } from './key-grant.ts'
import { readBody } from './read-body.ts'

type SignInPorts = AuthPorts & Pick<EdgePorts, 'limits'>

const CODES = { capacity: 10, perMinute: 10 }
const MAX_CODE_CHARS = 128

const SignIn = v.object({ code: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_CODE_CHARS)) })

export function signInRoutes(ports: SignInPorts) {
  return new Hono()
    .post('/sign-in/codes', async (c) => {
      const caller = await callerOf(c, ports)
      const taken = await ports.limits.take(`code:${caller.userId}`, CODES, ports.clock.now())
      if (!taken.ok) throw new FaultError({ code: 'rate_limited', retryAfterMs: taken.retryAfterMs })
      const { secret: code, expiresAt } = await mintGrant('signIn', caller, ports)
      return c.json({ code, expiresAt }, 201)
    })
    .post('/sign-in', async (c) => {
      // A foreign page must not sign a visitor in as somebody else.
      refuseForeignOrigin(c, ports)
      const { code } = await readBody(c, SignIn)
      const caller = await burnGrant('signIn', code, ports)
      if (!caller) throw new FaultError({ code: 'unauthenticated' })
      await setCookieFor(c, ports, caller.keyId)
      return c.json(caller)
    })
    .delete('/sign-in', (c) => {
      refuseForeignOrigin(c, ports)
      dropCookie(c)
      return c.body(null, 204)
    })
    .get('/me', async (c) => c.json(await callerOf(c, ports)))
}
