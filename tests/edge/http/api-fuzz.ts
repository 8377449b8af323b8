// Asks an edge everything that its own /openapi.json describes, in good and odd ways, and holds each answer against that description. Used
// by api-fuzz.test.ts and by `npm run bench -- fuzz`. Knows no route.
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import fc from 'fast-check'

type Json = Record<string, unknown>

interface Described {
  method: string
  path: string
  parameters: Array<{ name: string; in: string }>
  body: Json | undefined
  isForm: boolean
  answers: Record<string, Record<string, ValidateFunction | undefined>>
}

export interface FuzzedRequest {
  operation: string
  url: string
  init: { method: string; headers: Record<string, string>; body?: string }
}

export interface Surroundings {
  url: string
  /** Bearers, good and bad. */
  keys: readonly string[]
  /** Ids of things that are there. */
  known: readonly string[]
}

/** Of one answer: a proxy has given up long before. */
const MAX_ANSWER_MS = 10_000
/** Of an answer that is complained of. */
const MAX_SHOWN_CHARS = 200
/** What would end the run itself, the keys of its own user; and what lasts for minutes. */
const LEFT_OUT = new Set(['DELETE /api/me', 'GET /api/tasks/changes'])

/** A generator of requests, and the judge of their answers: undefined where one is as described, words where it is not. */
export async function readApi(surroundings: Surroundings) {
  // To read it takes a busy machine longer than an idle connection lives: the next request is to begin one of its own.
  const described = await fetch(`${surroundings.url}/openapi.json`, { headers: { connection: 'close' } })
  const spec = (await described.json()) as Json
  const operations = describedIn(spec).filter(({ method, path }) => !LEFT_OUT.has(`${method} ${path}`))
  const byName = new Map(operations.map((one) => [nameOf(one), one]))
  return {
    operations: [...byName.keys()],
    requests: fc.oneof(...operations.map((operation) => requestOf(operation, surroundings))),
    async judge(request: FuzzedRequest): Promise<{ status: number; complaint: string | undefined }> {
      const signal = AbortSignal.timeout(MAX_ANSWER_MS)
      const answer = await fetch(request.url, { ...request.init, redirect: 'manual', signal })
      const text = await answer.text()
      const { status } = answer
      const described = byName.get(request.operation)
      return { status, complaint: described && complaintOf(described, answer, text) }
    },
  }
}

const nameOf = ({ method, path }: Pick<Described, 'method' | 'path'>): string => `${method} ${path}`

function complaintOf({ answers }: Described, answer: Response, text: string): string | undefined {
  const { status } = answer
  const documented = answers[status]
  const shown = text.slice(0, MAX_SHOWN_CHARS)
  if (status >= 500 && status !== 503) return `status ${status}: ${shown}`
  if (!documented) return `status ${status} is not described: ${shown}`
  if (Object.keys(documented).length === 0) return text === '' ? undefined : `a body where none is described: ${shown}`
  const [mediaType = ''] = (answer.headers.get('content-type') ?? '').split(';')
  return mediaType.endsWith('json') ? jsonComplaint(documented, mediaType, text) : undefined
}

function jsonComplaint(documented: Described['answers'][string], mediaType: string, text: string): string | undefined {
  if (!(mediaType in documented)) return `${mediaType} is not described`
  const validate = documented[mediaType]
  if (!validate || validate(JSON.parse(text))) return undefined
  return `not as described: ${JSON.stringify(validate.errors?.slice(0, 3))} in ${text.slice(0, MAX_SHOWN_CHARS)}`
}

function describedIn(spec: Json): Described[] {
  const ajv = new Ajv2020({ strict: false, allErrors: false, validateFormats: false })
  const compiled = (schema: unknown): ValidateFunction | undefined =>
    typeof schema === 'object' && schema !== null && (schema as Json)['format'] !== 'binary'
      ? ajv.compile({ ...schema, components: spec['components'] })
      : undefined
  return Object.entries(spec['paths'] as Record<string, Json>).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Json>)
      .filter(([method]) => ['get', 'post', 'put', 'patch', 'delete'].includes(method))
      .map(([method, operation]): Described => {
        const content = ((operation['requestBody'] as Json | undefined)?.['content'] ?? {}) as Record<string, Json>
        const answers = Object.entries(operation['responses'] as Record<string, Json>).map(([status, answer]) => {
          const bodies = Object.entries((answer['content'] ?? {}) as Record<string, Json>)
          return [status, Object.fromEntries(bodies.map(([type, body]) => [type, compiled(body['schema'])]))] as const
        })
        return {
          method: method.toUpperCase(),
          path,
          parameters: (operation['parameters'] ?? []) as Described['parameters'],
          body: resolved(content['application/json']?.['schema'] as Json | undefined, spec),
          isForm: 'multipart/form-data' in content,
          answers: Object.fromEntries(answers),
        }
      }),
  )
}

/** With the schemas that it refers to put in their places. */
function resolved<T>(schema: T, spec: Json): T {
  if (Array.isArray(schema)) return schema.map((one) => resolved<unknown>(one, spec)) as T
  if (typeof schema !== 'object' || schema === null) return schema
  const { $ref: ref } = schema as Json
  if (typeof ref !== 'string')
    return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, resolved<unknown>(value, spec)])) as T
  const { schemas } = spec['components'] as { schemas: Json }
  return resolved(schemas[ref.split('/').at(-1) ?? ''] as T, spec)
}

// --- making requests ---

const ODD_TEXTS = [
  '',
  ' ',
  '0',
  '-1',
  '1e9',
  'null',
  '../..',
  '%',
  '\u0000',
  '😀',
  "';--",
  '<b>',
  'x'.repeat(3_000),
  '今天',
]
const oddText = fc.oneof(
  fc.constantFrom(...ODD_TEXTS),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.integer().map(String),
)

function requestOf(operation: Described, { url, keys, known }: Surroundings): fc.Arbitrary<FuzzedRequest> {
  const id = fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...known) }, { weight: 1, arbitrary: oddText })
  const names = [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name)
  const query = operation.parameters.filter((one) => one.in === 'query').map(({ name }) => name)
  return fc
    .record({
      ids: fc.array(id, { minLength: names.length, maxLength: names.length }),
      query: fc.dictionary(fc.constantFrom(...query, 'unknown'), fc.oneof(oddText, id), { maxKeys: 3 }),
      key: fc.oneof(
        { weight: 6, arbitrary: fc.constantFrom(...keys) },
        { weight: 1, arbitrary: fc.constantFrom('', 'x', 'a.b.c') },
      ),
      body: bodyOf(operation),
      type: fc.oneof(
        { weight: 9, arbitrary: fc.constant('application/json') },
        { weight: 1, arbitrary: fc.constantFrom('text/plain', 'multipart/form-data; boundary=x') },
      ),
    })
    .map(({ ids, query: asked, key, body, type }) => {
      let at = 0
      // An empty part would be another path.
      const path = operation.path.replaceAll(/\{\w+\}/g, () => encodeURIComponent(wellFormed(ids[at++] ?? '') || 'x'))
      const words = new URLSearchParams(Object.entries(asked).map(([name, value]) => [name, wellFormed(value)]))
      const headers: Record<string, string> = { ...(key !== '' && { authorization: `Bearer ${key}` }) }
      if (body !== undefined) headers['content-type'] = type
      const init = { method: operation.method, headers, ...(body !== undefined && { body }) }
      return { operation: nameOf(operation), url: `${url}${path}?${words}`, init }
    })
}

/** A request line carries no half characters: they cannot be sent at all. */
const wellFormed = (text: string): string => text.toWellFormed()

function bodyOf({ method, body, isForm }: Described): fc.Arbitrary<string | undefined> {
  if (method === 'GET' || method === 'DELETE') return fc.constant(undefined)
  const broken = fc.constantFrom('', '{', '[]', 'null', '"x"', '{"a":1}', '[['.repeat(2_000))
  if (isForm)
    return fc.oneof(broken, fc.constant('--x\r\ncontent-disposition: form-data; name="name"\r\n\r\nAnna\r\n--x--\r\n'))
  const odd = fc.json({ maxDepth: 3 })
  const asDescribed = body ? valueOf(body).map((value) => JSON.stringify(value)) : fc.constant('{}')
  return fc.oneof(
    { weight: 6, arbitrary: asDescribed },
    { weight: 2, arbitrary: odd },
    { weight: 1, arbitrary: broken },
  )
}

/** Values of a JSON schema, mostly right, sometimes almost. */
function valueOf(schema: Json): fc.Arbitrary<unknown> {
  const right = rightValueOf(schema)
  const almost = fc.oneof(oddText, fc.double(), fc.constantFrom(null, true, -1, [], {}))
  return fc.oneof({ weight: 12, arbitrary: right }, { weight: 1, arbitrary: almost })
}

function rightValueOf(schema: Json): fc.Arbitrary<unknown> {
  const any = (schema['anyOf'] ?? schema['oneOf']) as Json[] | undefined
  if (any) return fc.oneof(...any.map(valueOf))
  if ('const' in schema) return fc.constant(schema['const'])
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...(schema['enum'] as unknown[]))
  const ofType = OF_TYPE[String(schema['type'])]
  return ofType ? ofType(schema) : fc.jsonValue({ maxDepth: 1 })
}

const LARGEST = 2 ** 31 - 1
const numberOf = (schema: Json): fc.Arbitrary<unknown> => {
  const [min, max] = [Number(schema['minimum'] ?? -5), Number(schema['maximum'] ?? 1e6)]
  return fc.integer({ min: Math.ceil(min), max: Math.floor(Math.min(max, LARGEST)) })
}

const OF_TYPE: Record<string, (schema: Json) => fc.Arbitrary<unknown>> = {
  object: objectOf,
  array: (schema) => fc.array(valueOf((schema['items'] ?? {}) as Json), { maxLength: 3 }),
  string: () => fc.oneof(fc.string({ maxLength: 30 }), oddText),
  integer: numberOf,
  number: numberOf,
  boolean: () => fc.boolean(),
  null: () => fc.constant(null),
}

function objectOf(schema: Json): fc.Arbitrary<unknown> {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, Json>)
  const required = (schema['required'] ?? []) as string[]
  const model = Object.fromEntries(properties.map(([name, property]) => [name, valueOf(property)]))
  return fc.record(model, { requiredKeys: required })
}
