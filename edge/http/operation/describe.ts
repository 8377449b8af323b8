// One route as OpenAPI 3.1 describes it: what it needs, takes, answers and refuses. The schemas are those by which the route reads and
// answers. Called by openapi.ts; knows no route.
import type { OpenAPIV3_1 } from 'openapi-types'
import type * as v from 'valibot'
import type { Scope } from '#shared/model/caller.ts'
import { ROUTE_RATES, type RouteRate } from '#edge/limits/route-rates.ts'
import { FAULT_TABLE } from '#shared/fault-table.ts'
import type { FaultCode } from '#shared/fault.ts'
import { Problem, PROBLEM_MEDIA_TYPE } from '#edge/http/plumbing/problem.ts'
import { curlOf, exampleOf, exampleId } from './example.ts'
import type { Converter } from './json-schema.ts'
import type { Input } from './read-input.ts'

/** A JSON body by its schema; a body of another kind by its media type, or by several; null for none. */
type Answer = v.GenericSchema | { mediaType: string | readonly string[] } | null

export interface RouteDescription extends Input {
  summary: string
  tag: string
  /** What a key must be allowed; `key` for any key, `none` where none is needed. */
  needs: Scope | 'key' | 'none'
  rate?: RouteRate
  answers: Readonly<Partial<Record<200 | 201 | 202 | 204 | 206 | 503, Answer>>>
  /** Beside those of authentication, of the bounds and of bugs, which every route has. */
  refuses?: readonly FaultCode[]
  /** Of an address that is kept for old clients only. */
  deprecated?: boolean
  /** A body that is worth showing, where one made of the schema says little. */
  example?: unknown
}

interface At {
  method: string
  /** As OpenAPI writes it: `/api/keys/{id}`. */
  path: string
}
type Content = Record<string, OpenAPIV3_1.MediaTypeObject>
type Responses = Record<string, OpenAPIV3_1.ResponseObject>

export function describe(route: RouteDescription, at: At, to: Converter): OpenAPIV3_1.OperationObject {
  const { summary, tag, needs, rate, query, body, form, deprecated } = route
  const taken: Content = {
    ...(body && { 'application/json': { schema: to.schemaOf(body), example: bodyExample(route, to) } }),
    ...(form && { 'multipart/form-data': { schema: to.schemaOf(form) } }),
  }
  const parameters = [...idsIn(at.path), ...(query ? parametersOf(query, to) : [])]
  const described = {
    operationId: operationIdOf(at),
    summary,
    tags: [tag],
    ...(rate && { description: `At most ${ROUTE_RATES[rate]} a minute for one key.` }),
    ...(deprecated && { deprecated }),
    security: needs === 'none' ? [] : [{ key: needs === 'key' ? [] : [needs] }],
    ...(parameters.length > 0 && { parameters }),
    ...((body ?? form) && { requestBody: { required: true, content: taken } }),
    responses: merged(
      answersOf(route.answers, to),
      refusalsOf([...usualRefusals(route), ...(route.refuses ?? [])], to),
    ),
    'x-codeSamples': [{ lang: 'sh', label: 'curl', source: curlOf(at, { needs, taken, query }) }],
  }
  return described as OpenAPIV3_1.OperationObject
}

const bodyExample = ({ body, example }: RouteDescription, to: Converter): unknown =>
  example ?? (body && exampleOf(to.schemaOf(body), to.components))

/** `GET /api/keys/{id}` → getApiKeysById. */
function operationIdOf({ method, path }: At): string {
  const words = path
    .split('/')
    .filter(Boolean)
    .map((part) => part.replace(/^\{(\w+)\}$/, 'by-$1'))
  const pascal = words
    .flatMap((word) => word.split(/[\W_]+/))
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
  return method.toLowerCase() + pascal.join('')
}

function usualRefusals({ needs, query, body, form }: RouteDescription): FaultCode[] {
  const ofKey: FaultCode[] = needs === 'none' ? [] : ['unauthenticated', 'forbidden']
  const ofInput: FaultCode[] = query || body || form ? ['invalid_message', 'too_large'] : []
  return [...ofKey, ...ofInput, 'rate_limited', 'internal', 'unavailable']
}

function answersOf(answers: RouteDescription['answers'], to: Converter): Responses {
  const each = Object.entries(answers).map(([status, answer]) => [
    status,
    { description: status === '503' ? 'Not now.' : 'Done.', ...contentOf(answer, to) },
  ])
  return Object.fromEntries(each)
}

function contentOf(answer: Answer | undefined, to: Converter): { content?: Content } {
  if (!answer) return {}
  if ('mediaType' in answer)
    return { content: Object.fromEntries([answer.mediaType].flat().map((type) => [type, FILE])) }
  const schema = to.schemaOf(answer)
  return { content: { 'application/json': { schema, example: exampleOf(schema, to.components) } } }
}

/** Both may have an answer of one status: /health says 503 in its own words, too. */
function merged(answers: Responses, refusals: Responses): Responses {
  const both = Object.entries(answers).map(([status, answer]) => {
    const refusal = refusals[status]
    return [status, refusal ? { ...refusal, content: { ...answer.content, ...refusal.content } } : answer]
  })
  return { ...refusals, ...Object.fromEntries(both) }
}

const FILE = { schema: { type: 'string' as const, format: 'binary' } }

/** One answer a status: several faults may share it. */
function refusalsOf(codes: FaultCode[], to: Converter): Responses {
  const byStatus = Map.groupBy(new Set(codes), (code) => FAULT_TABLE[code].http)
  const problem = { content: { [PROBLEM_MEDIA_TYPE]: { schema: to.schemaOf(Problem) } } }
  const worded = [...byStatus].map(([status, all]) => {
    const description = all.map((code) => `\`${code}\`: ${FAULT_TABLE[code].text}`).join(' ')
    return [status, { description, ...problem }]
  })
  return Object.fromEntries(worded)
}

// --- parameters ---

function idsIn(path: string): OpenAPIV3_1.ParameterObject[] {
  return [...path.matchAll(/([\w-]+)\/\{(\w+)\}/g)].map(([, collection = '', name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
    example: exampleId(collection),
  }))
}

function parametersOf(query: v.ObjectSchema<v.ObjectEntries, undefined>, to: Converter): OpenAPIV3_1.ParameterObject[] {
  return Object.entries(query.entries).map(([name, entry]) => {
    const { schema, description } = parameterOf(entry as v.GenericSchema, to)
    const required = entry.type !== 'optional'
    return { name, in: 'query', required, schema, ...(typeof description === 'string' && { description }) }
  })
}

/** What a caller writes. A number is text in an address, and is described as what it stands for. */
function parameterOf(entry: v.GenericSchema, to: Converter) {
  const { description, ...read } = to.schemaOf(entry, 'output')
  if (read['type'] !== 'integer') {
    const { description: ofText, ...schema } = to.schemaOf(entry, 'input')
    return { schema, description: ofText ?? description }
  }
  const isGiven = read['default'] !== undefined
  return { schema: { ...read, ...(isGiven && { default: Number(read['default']) }) }, description }
}
