// What operation() does before a route: it reads by the schemas that describe it. Over ports in memory.
import { Hono } from 'hono'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { operation, type OperationEnv } from '#edge/http/operation/operation.ts'
import { specsOf } from '#edge/http/operation/openapi.ts'
import { onFault } from '#edge/http/plumbing/on-fault.ts'
import type { RequestEnv } from '#edge/http/plumbing/request-log.ts'
import { fakePorts } from '#tests/edge/http/fake-ports.ts'

const Body = v.object({
  limits: v.optional(v.object({ most: v.number() })),
  list: v.optional(v.array(v.object({ name: v.optional(v.string()) }))),
  named: v.optional(v.record(v.string(), v.number())),
})

/** A route of its own, with the app's catcher, and the headers of one who may come. */
async function edgeWithRoute() {
  const { ports, store } = fakePorts()
  const { key } = await store.keys.createKey({ name: 'one', scopes: ['talk'], now: 0 })
  const take = operation(ports, {
    summary: 'Takes something',
    tag: 'tests',
    needs: 'talk',
    rate: 'read',
    query: v.object({ page: v.optional(v.pipe(v.string(), v.transform(Number))) }),
    body: Body,
    maxBytes: 200,
    answers: { 200: Body },
  })
  const things = new Hono<OperationEnv>().post('/things', take, (c) =>
    c.json({ query: c.req.valid('query'), body: c.req.valid('json'), userId: c.get('caller').userId }),
  )
  const app = new Hono<RequestEnv>().route('/', things)
  app.onError(onFault(ports))
  const post = (body: unknown, query = '', headers: Record<string, string> = { authorization: `Bearer ${key}` }) =>
    app.request(`/things${query}`, { method: 'POST', headers, body: JSON.stringify(body) })
  const spec = specsOf(app, ports.settings)
  return { post, spec }
}

describe('operation()', () => {
  it('[HTP18] reads query and body by the schemas that it describes, in this order: who, how often, what', async () => {
    const { post, spec } = await edgeWithRoute()
    const answer = await post({ limits: { most: 1 } }, '?page=3')
    expect(await answer.json()).toMatchObject({ query: { page: 3 }, body: { limits: { most: 1 } } })
    expect((await post({ limits: { most: 'x' } }, '', {})).status).toBe(401)
    expect((await post({ limits: { most: 'x' } })).status).toBe(400)
    expect((await post({ named: { ['x'.repeat(300)]: 1 } })).status).toBe(413)
    expect(spec().paths?.['/things']?.post).toMatchObject({
      parameters: [{ name: 'page', in: 'query' }],
      requestBody: { content: { 'application/json': { schema: { properties: { limits: { type: 'object' } } } } } },
    })
  })

  it.each([
    [[], 'body'],
    [{ limits: [] }, 'limits'],
    [{ list: [{}, []] }, 'list.1'],
    [{ named: [] }, 'named'],
  ])('[HTP19] refuses %j by the field %s: an array is no object', async (body, field) => {
    const { post } = await edgeWithRoute()
    const answer = await post(body)
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      field,
      fault: { issues: [`${field}: expected an object, not an array`] },
    })
    expect((await post({ limits: { most: 1 }, list: [{}], named: {} })).status).toBe(200)
  })
})
