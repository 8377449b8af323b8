// DELETE /api/me: everything of a user, at once and for ever.
import { Hono } from 'hono'
import type { EdgePorts } from '#edge/ports.ts'
import { dropCookie } from './auth.ts'
import { dropFiles } from './drop-files.ts'
import { operation, type OperationEnv, type OperationPorts } from './operation.ts'

export function accountRoutes(ports: OperationPorts & Pick<EdgePorts, 'blobs'>) {
  const leave = operation(ports, {
    summary: 'Delete all that is yours: conversations, voices, usage, keys. Live sessions end within 5 s',
    tag: 'account',
    needs: 'history:write',
    rate: 'account',
    answers: { 204: null },
  })
  return new Hono<OperationEnv>().delete('/me', leave, async (c) => {
    const files = await ports.store.edits.deleteUser(c.get('caller').userId, ports.clock.now())
    await dropFiles(ports, files)
    dropCookie(c)
    return c.body(null, 204)
  })
}
