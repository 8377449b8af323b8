// Signing a browser in: the holder of a key takes a one-time code, the code rides to the page in the URL's fragment (which
// no server sees), and the page trades it for an HttpOnly cookie.
import { Hono } from 'hono'
import * as v from 'valibot'
import { Identity } from './account.ts'
import { dropCookie, ownPageOnly, setCookieFor, unproved } from '#edge/http/access/auth.ts'
import { burnGrant, mintGrant } from '#edge/http/access/key-grant.ts'
import { named } from '#edge/http/operation/named-schemas.ts'
import { openOperation, operation, type OperationEnv, type OperationPorts } from '#edge/http/operation/operation.ts'

const MAX_CODE_CHARS = 128

const SignIn = named('SignIn', v.object({ code: v.pipe(v.string(), v.minLength(1), v.maxLength(MAX_CODE_CHARS)) }))

const Code = named('SignInCode', v.object({ code: v.string(), expiresAt: v.number() }))

export function signInRoutes(ports: OperationPorts) {
  const tag = 'sign in'
  const mintCode = operation(ports, {
    summary: 'A one-time code that signs a browser in',
    tag,
    needs: 'key',
    rate: 'write',
    answers: { 201: Code },
  })
  const trade = openOperation({
    summary: 'Trade a code for a cookie',
    tag,
    body: SignIn,
    answers: { 200: Identity },
    refuses: ['unauthenticated', 'forbidden'],
  })
  const leave = openOperation({
    summary: 'Take the cookie away',
    tag,
    answers: { 204: null },
    refuses: ['forbidden'],
  })
  const ownPage = ownPageOnly(ports)
  return (
    new Hono<OperationEnv>()
      .post('/sign-in/codes', mintCode, async (c) => {
        const { secret: code, expiresAt } = await mintGrant('signIn', c.get('caller'), ports)
        return c.json({ code, expiresAt }, 201)
      })
      // A foreign page must not sign a visitor in as somebody else.
      .post('/sign-in', ownPage, trade, async (c) => {
        const { code } = c.req.valid('json')
        const caller = await burnGrant('signIn', code, ports)
        if (!caller) throw unproved('signInCode')
        await setCookieFor(c, ports, caller)
        return c.json(v.parse(Identity, caller))
      })
      .delete('/sign-in', ownPage, leave, (c) => {
        dropCookie(c)
        return c.body(null, 204)
      })
  )
}
