// What /openapi.json says of every route, over ports in memory: one schema a thing, examples that fit, commands to copy.
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { createApp } from '#edge/app.ts'
import { fakePorts, nodeView } from '#tests/edge/http/fake-ports.ts'

interface Media {
  schema?: object
  example?: unknown
}
interface Described {
  summary: string
  deprecated?: boolean
  parameters?: Array<{ name: string; in: string; example?: unknown; schema: object; description?: string }>
  requestBody?: { content: Record<string, Media> }
  responses: Record<string, { content?: Record<string, Media> }>
  'x-codeSamples': Array<{ lang: string; source: string }>
}
interface Spec {
  servers: Array<{ url: string }>
  paths: Record<string, Record<string, Described>>
  components: { schemas: Record<string, { title?: string }> }
}

const spec = (await (await createApp(fakePorts().ports).request('/openapi.json')).json()) as Spec
const operations = Object.entries(spec.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, about]) => ({ name: `${method.toUpperCase()} ${path}`, ...about })),
)
const at = (name: string): Described | undefined => operations.find((one) => one.name === name)

describe('/openapi.json', () => {
  it('[HTP13] shows a schema that several routes share once, by its name, and says where the edge is', () => {
    const { schemas } = spec.components
    expect(Object.keys(schemas)).toEqual(expect.arrayContaining(['Problem', 'Turn', 'Persona', 'VoiceProfile', 'Key']))
    for (const [name, { title }] of Object.entries(schemas)) expect(title).toBe(name)
    for (const [, ref = ''] of JSON.stringify(spec).matchAll(/"#\/components\/schemas\/(\w+)"/g))
      expect(schemas).toHaveProperty(ref)
    for (const { responses } of operations)
      for (const { content } of Object.values(responses)) {
        const problem = content?.['application/problem+json']
        if (problem) expect(problem.schema).toEqual({ $ref: '#/components/schemas/Problem' })
      }
    expect(spec.servers).toEqual([{ url: 'https://voice.example.org', description: 'This edge' }])
  })

  it('[HTP14] has an example of each JSON body and answer, which its schema allows, and a curl command a route', () => {
    const ajv = new Ajv2020({ strict: false, validateFormats: false })
    for (const { name, requestBody, responses, ...about } of operations) {
      const shown = [requestBody, ...Object.values(responses)].flatMap((one) => Object.entries(one?.content ?? {}))
      for (const [type, { schema, example }] of shown) {
        if (type !== 'application/json' || JSON.stringify(schema).includes('binary')) continue
        const validate = ajv.compile({ ...schema, components: spec.components })
        expect([name, example, validate(example), validate.errors]).toEqual([name, example, true, null])
      }
      expect(about['x-codeSamples'][0]?.source, name).toMatch(/^curl (-X (POST|PUT|PATCH|DELETE) )?"\$PARLEY\/[^{}]*"/)
    }
  })

  it('[HTP15] says by which bounds a route refuses: cursors, days, empty changes, sizes of files', () => {
    const schemaOf = (name: string, field: string) => at(name)?.parameters?.find((one) => one.name === field)?.schema
    expect(schemaOf('GET /api/conversations', 'cursor')).toMatchObject({ pattern: expect.stringContaining('cnv_') })
    expect(schemaOf('GET /api/conversations/{id}', 'cursor')).toMatchObject({
      pattern: String.raw`^\d{1,15}\.\d{1,5}$`,
    })
    expect(schemaOf('GET /api/conversations/stats', 'from')).toMatchObject({ format: 'date' })
    expect(spec.components.schemas).toMatchObject({
      PersonaChange: { minProperties: 1 },
      VoiceChange: { minProperties: 1 },
      VoiceUpload: { properties: { file: { format: 'binary', minLength: 1_024, maxLength: 10_485_760 } } },
    })
  })

  it('[HTP16] marks addresses for old clients as deprecated, and no other', () => {
    const old = operations.filter(({ deprecated }) => deprecated).map(({ name }) => name.split(' ')[1])
    expect(old.length).toBeGreaterThan(5)
    for (const path of old) expect(path).toMatch(/^\/api\/voice-profile(\/|$)/)
    expect(
      operations.filter(({ name }) => name.includes('/api/voice-profile/') || name.endsWith('/api/voice-profile')),
    ).toHaveLength(old.length)
  })

  it('[HTP17] names every field that /health, /api/system/info and /api/me answer', async () => {
    const { ports, store } = fakePorts([nodeView()])
    const { key } = await store.keys.createKey({ name: 'one', scopes: ['talk'], now: 0 })
    const ajv = new Ajv2020({ strict: false })
    for (const [path, name] of [
      ['/health', 'Health'],
      ['/api/system/info', 'SystemInfo'],
      ['/api/me', 'Me'],
    ] as const) {
      const answer = await createApp({
        ...ports,
        store: { ...store, audio: { ...store.audio, chosenDays: async () => null } },
      }).request(path, { headers: { authorization: `Bearer ${key}` } })
      const validate = ajv.compile({ ...closed(spec.components.schemas[name]), components: closed(spec.components) })
      expect([name, validate(await answer.json()), validate.errors]).toEqual([name, true, null])
    }
  })
})

/** The same schema, in which nothing is allowed that it does not name. */
function closed<T>(schema: T): T {
  if (Array.isArray(schema)) return schema.map((one: unknown) => closed(one)) as T
  if (typeof schema !== 'object' || schema === null) return schema
  const parts = Object.entries(schema).map(([key, value]) => [key, closed<unknown>(value)] as const)
  const isObject = 'properties' in schema && (schema as { type?: unknown }).type === 'object'
  return { ...Object.fromEntries(parts), ...(isObject && { additionalProperties: false }) } as T
}
