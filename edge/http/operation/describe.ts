// Describes a route for GET /openapi.json where it is written: what it takes, what it answers, how it refuses. The schemas are
// those by which the route reads and answers. Knows no route.
import type { MiddlewareHandler } from 'hono'
import { describeRoute, resolver, type DescribeRouteOptions } from 'hono-openapi'
import { toJsonSchema } from '@valibot/to-json-schema'
import type { OpenAPIV3 } from 'openapi-types'
import type * as v from 'valibot'
import type { Scope } from '#shared/model/caller.ts'
import { ROUTE_RATES, type RouteRate } from '#edge/limits/route-rates.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { FaultCode } from '#shared/fault.ts'
import { CONVERSION } from './json-schema.ts'
import { Problem, PROBLEM_MEDIA_TYPE } from '#edge/http/plumbing/problem.ts'

/** A JSON body by its schema; a body of another kind by its media type, or by several; null for none. */
type Answer = v.GenericSchema | { mediaType: string | readonly string[] } | null

export interface RouteDescription {
  summary: string
  tag: string
  /** What a key must be allowed; `key` for any key, `none` where none is needed. */
  needs: Scope | 'key' | 'none'
  rate?: RouteRate
  query?: v.ObjectSchema<v.ObjectEntries, undefined>
  /** The JSON body that it takes. */
  body?: v.GenericSchema
  /** The fields of a form, and the one that is a file. */
  form?: { fields: v.GenericSchema; file: string }
  answers: Partial<Record<200 | 201 | 202 | 204 | 206, Answer>>
  /** Beside those of authentication, of the bounds and of bugs, which every route has. */
  refuses?: FaultCode[]
}

export function describe(route: RouteDescription): MiddlewareHandler {
  const { summary, tag, needs, rate, query, body, form, answers, refuses = [] } = route
  return describeRoute({
    summary,
    tags: [tag],
    ...(rate && { description: `At most ${ROUTE_RATES[rate]} a minute and key.` }),
    security: needs === 'none' ? [] : [{ key: needs === 'key' ? [] : [needs] }],
    ...(query && { parameters: parametersOf(query) }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(body) } } } }),
    ...(form && { requestBody: formOf(form) }),
    responses: { ...answersOf(answers), ...refusalsOf([...usualRefusals(route), ...refuses]) },
  })
}

/** The file as OpenAPI 3.1 describes one: no JSON Schema of ours can say it. */
function formOf({ fields, file }: NonNullable<RouteDescription['form']>) {
  const described = schemaOf(fields)
  const withFile = async () => {
    const { schema, ...rest } = await described.toOpenAPISchema()
    const { properties, required = [] } = schema as OpenAPIV3.NonArraySchemaObject
    return {
      ...rest,
      schema: { ...schema, properties: { ...properties, [file]: FILE.schema }, required: [...required, file] },
    }
  }
  const schema = { ...described, toOpenAPISchema: withFile }
  return { required: true, content: { 'multipart/form-data': { schema } } }
}

function usualRefusals({ needs, query, body, form }: RouteDescription): FaultCode[] {
  const ofKey: FaultCode[] = needs === 'none' ? [] : ['unauthenticated', 'forbidden']
  const ofInput: FaultCode[] = query || body || form ? ['invalid_message', 'too_large'] : []
  return [...ofKey, ...ofInput, 'rate_limited', 'internal', 'unavailable']
}

function answersOf(answers: RouteDescription['answers']): DescribeRouteOptions['responses'] {
  return Object.fromEntries(
    Object.entries(answers).map(([status, answer]) => [status, { description: 'Done.', ...contentOf(answer) }]),
  )
}

function contentOf(answer: Answer | undefined) {
  if (!answer) return {}
  if ('mediaType' in answer)
    return { content: Object.fromEntries([answer.mediaType].flat().map((type) => [type, FILE])) }
  return { content: { 'application/json': { schema: schemaOf(answer) } } }
}

const FILE = { schema: { type: 'string' as const, format: 'binary' } }

/** One answer a status: several faults may share it. */
function refusalsOf(codes: FaultCode[]): DescribeRouteOptions['responses'] {
  const byStatus = Map.groupBy(new Set(codes), (code) => FAULT_TABLE[code].http)
  const problem = { content: { [PROBLEM_MEDIA_TYPE]: { schema: schemaOf(Problem) } } }
  const worded = [...byStatus].map(([status, all]) => {
    const description = all.map((code) => `\`${code}\`: ${FAULT_TABLE[code].text}`).join(' ')
    return [status, { description, ...problem }]
  })
  return Object.fromEntries(worded)
}

function parametersOf(query: v.ObjectSchema<v.ObjectEntries, undefined>): DescribeRouteOptions['parameters'] {
  return Object.entries(query.entries).map(([name, entry]) => {
    const { schema, description } = parameterOf(entry as v.GenericSchema)
    const required = entry.type !== 'optional'
    return { name, in: 'query', required, schema, ...(description !== undefined && { description }) }
  })
}

/** What a caller writes: a number is text in an address, and is described as what it stands for. */
function parameterOf(entry: v.GenericSchema) {
  const { $schema: _, description, ...schema } = toJsonSchema(entry, { ...CONVERSION, typeMode: 'output' })
  const isNumber = schema.type === 'integer' && schema.default !== undefined
  const read = { ...schema, ...(isNumber && { default: Number(schema.default) }) }
  return { schema: read as OpenAPIV3.SchemaObject, description }
}

function schemaOf(schema: v.GenericSchema) {
  return resolver(schema, { options: { ...CONVERSION } })
}
