// GET /api/personas: whom a caller can talk to. Their instructions stay inside.
import { Hono } from 'hono'
import { callerOf, type AuthPorts } from './auth.ts'

export function personaRoutes(ports: AuthPorts) {
  return new Hono().get('/personas', async (c) => {
    await callerOf(c, ports)
    const personas = await ports.store.personas.listPersonas()
    return c.json({ personas: personas.map(({ id, name, language, script }) => ({ id, name, language, script })) })
  })
}
