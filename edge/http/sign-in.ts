// Signing a browser in: the holder of a key takes a one-time code, the code rides to the page in the URL's fragment (which
// no server sees), and the page trades it for an HttpOnly cookie.
import { Hono } from 'hono'
import * as v from 'valibot'
import { FaultError } from '#shared/fault.ts'
import { Identity } from './account.ts'
import { dropCookie, refuseForeignOrigin, setCookieFor } from '#edge/http/access/auth.ts'
import { describe } from '#edge/http/operation/describe.ts'
import { burnGrant, mintGrant } from '#edge/http/access/key-grant.ts'
import { operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'
import { readBody } from '#edge/http/operation/read-body.ts'

const MAX_CODE_CHARS = 128

const SignIn = v.object({ code: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_CODE_CHARS)) })

const Code = v.object({ code: v.string(), expiresAt: v.number() })

export function signInRoutes(ports: OperationPorts) {
  const tag = 'sign in'
  const mintCode = operation(ports, {
    summary: 'A one-time code that signs a browser in',
    tag,
    needs: 'key',
    rate: 'write',
    answers: { 201: Code },
  })
  const trade = describe({
    summary: 'Trade a code for a cookie',
    tag,
    needs: 'none',
    body: SignIn,
    answers: { 200: Identity },
    refuses: ['unauthenticated', 'forbidden'],
  })
  const leave = describe({
    summary: 'Take the cookie away',
    tag,
    needs: 'none',
    answers: { 204: null },
    refuses: ['forbidden'],
  })
  return new Hono<OperationEnv>()
    .post('/sign-in/codes', mintCode, async (c) => {
      const { secret: code, expiresAt } = await mintGrant('signIn', c.get('caller'), ports)
      return c.json({ code, expiresAt }, 201)
    })
    .post('/sign-in', trade, async (c) => {
      // A foreign page must not sign a visitor in as somebody else.
      refuseForeignOrigin(c, ports)
      const { code } = await readBody(c, SignIn)
      const caller = await burnGrant('signIn', code, ports)
      if (!caller) throw new FaultError({ code: 'unauthenticated' })
      await setCookieFor(c, ports, caller)
      return c.json(v.parse(Identity, caller))
    })
    .delete('/sign-in', leave, (c) => {
      refuseForeignOrigin(c, ports)
      dropCookie(c)
      return c.body(null, 204)
    })
}
