// GET /api/personas: whom a caller can talk to. Their instructions stay inside.
import { Hono } from 'hono'
import * as v from 'valibot'
import { Persona } from '#shared/model/persona.ts'
import { operation, type OperationEnv, type OperationPorts } from './operation.ts'

const Personas = v.object({ personas: v.array(v.pick(Persona, ['id', 'name', 'language'])) })

export function personaRoutes(ports: OperationPorts) {
  const list = operation(ports, {
    summary: 'Whom you can talk to',
    tag: 'personas',
    needs: 'key',
    rate: 'read',
    answers: { 200: Personas },
  })
  return new Hono<OperationEnv>().get('/personas', list, async (c) => {
    const personas = await ports.store.personas.listPersonas()
    return c.json({ personas: personas.map(({ id, name, language, script }) => ({ id, name, language, script })) })
  })
}
