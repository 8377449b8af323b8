// DELETE /api/me: everything of a user, at once and for ever.
import { Hono } from 'hono'
import type { EdgePorts } from '#edge/ports.ts'
import { dropCookie, mayDo } from './auth.ts'
import { dropFiles } from './drop-files.ts'
import { operation, type OperationEnv, type OperationPorts } from './operation.ts'

export function accountRoutes(ports: OperationPorts & Pick<EdgePorts, 'blobs'>) {
  const leave = operation(ports, {
    summary:
      'Delete all that is yours: conversations, voices, usage. Your keys end within 5 s; asked for with a key, it alone',
    tag: 'account',
    needs: 'history:write',
    rate: 'account',
    answers: { 204: null },
  })
  return new Hono<OperationEnv>().delete('/me', leave, async (c) => {
    const caller = c.get('caller')
    // Whoever holds a key may end it, and it alone: a stolen one must not end its user's others.
    const isPerson = c.req.header('authorization') === undefined || caller.token !== undefined || mayDo(caller, 'admin')
    const onlyKey = isPerson ? undefined : caller.keyId
    const files = await ports.store.edits.deleteUser(caller.userId, { now: ports.clock.now(), onlyKey })
    await dropFiles(ports, files)
    dropCookie(c)
    return c.body(null, 204)
  })
}
