// DELETE /api/me: everything of a user, at once and for ever.
import { Hono } from 'hono'
import { dropCookie } from './auth.ts'
import { operation, type OperationEnv, type OperationPorts } from './operation.ts'

export function accountRoutes(ports: OperationPorts) {
  const leave = operation(ports, {
    summary: 'Delete all that is yours: conversations, usage, keys. Live sessions end within 5 s',
    tag: 'account',
    needs: 'history:write',
    rate: 'account',
    answers: { 204: null },
  })
  return new Hono<OperationEnv>().delete('/me', leave, async (c) => {
    await ports.store.edits.deleteUser(c.get('caller').userId, ports.clock.now())
    dropCookie(c)
    return c.body(null, 204)
  })
}
