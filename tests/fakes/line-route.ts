// The address at which a test's edge speaks the line wire: /ws/line with a key in `key`, or with `session` and `token` to come back.
import { Hono } from 'hono'
import type { Upgrades } from '#edge/rooms-ports.ts'
import type { Caller } from '#shared/model/caller.ts'
import { newId, type SessionId } from '#shared/ids.ts'
import { LINE_WIRE as wire } from './line-client.ts'

export function lineRoute(ports: { upgrades: Upgrades; callerByKey(key: string): Promise<Caller | undefined> }): Hono {
  const app = new Hono()
  app.get('/ws/line', async (c) => {
    const { key = '', session, token = '' } = c.req.query()
    if (session !== undefined) {
      const sessionId = session as SessionId
      return ports.upgrades.caller(c, { type: 'resume', sessionId, resumeToken: token, received: undefined, wire })
    }
    const caller = await ports.callerByKey(key)
    if (!caller) return c.text('unauthenticated', 401)
    return ports.upgrades.caller(c, { type: 'new', sessionId: newId('session'), caller, wire })
  })
  return app
}
