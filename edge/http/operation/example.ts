// Examples for /openapi.json and /docs: a value of a JSON Schema, and the curl command of a route. Pure.
import type { OpenAPIV3_1 } from 'openapi-types'
import type * as v from 'valibot'
import type { JsonSchema } from './json-schema.ts'

/** Ids of things by their collection in an address. */
const IDS: Record<string, string> = {
  conversations: 'cnv_example',
  turns: '1',
  personas: 'per_default',
  keys: 'key_example',
  models: 'f5',
  'voice-profiles': 'voi_example',
  'voice-profile': 'voi_example',
}
export const exampleId = (collection: string): string => IDS[collection] ?? 'example'

/** Texts for patterns: an id begins with its kind. */
const ID_PATTERN = /^\^(\w+_)\[/
const OF_PATTERN: Array<[RegExp, string]> = [
  [/\{32\}/, '0af7651916cd43dd8448eb211c80319c'],
  [/\{64\}/, 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  [/\\d\{4\}-/, '2026-01-31'],
]

type Components = Readonly<Record<string, JsonSchema>>

/** A value that the schema allows: its own example, its default, else the simplest one. */
export function exampleOf(schema: JsonSchema, components: Components): unknown {
  const { $ref: ref, anyOf, oneOf, type } = schema
  if (typeof ref === 'string') return exampleOf(components[ref.split('/').at(-1) ?? ''] ?? {}, components)
  const [own] = [schema['examples'], schema['enum']].flatMap((list) => (Array.isArray(list) ? (list as unknown[]) : []))
  const said = own ?? schema['default'] ?? schema['const']
  if (said !== undefined) return said
  const [first] = (anyOf ?? oneOf ?? []) as JsonSchema[]
  return first ? exampleOf(first, components) : (OF_TYPE[String(type)]?.(schema, components) ?? null)
}

const numberOf = ({ minimum }: JsonSchema): unknown => minimum ?? 0
const OF_TYPE: Record<string, (schema: JsonSchema, components: Components) => unknown> = {
  object: objectOf,
  array: arrayOf,
  string: textOf,
  number: numberOf,
  integer: numberOf,
  boolean: () => true,
}

function objectOf(schema: JsonSchema, components: Components): unknown {
  const properties = Object.entries((schema['properties'] ?? {}) as Record<string, JsonSchema>)
  const required = (schema['required'] ?? []) as string[]
  const shown = properties.filter(([name], at) => required.includes(name) || (required.length === 0 && at === 0))
  return Object.fromEntries(shown.map(([name, property]) => [name, exampleOf(property, components)]))
}

function arrayOf(schema: JsonSchema, components: Components): unknown[] {
  const length = Math.max(1, Number(schema['minItems'] ?? 1))
  return Array.from({ length }, () => exampleOf((schema['items'] ?? {}) as JsonSchema, components))
}

function textOf({ pattern, minLength = 0, format }: JsonSchema): string {
  if (format === 'date') return '2026-01-31'
  const kind = ID_PATTERN.exec(String(pattern))?.[1]
  if (kind !== undefined) return `${kind}example`
  const known = OF_PATTERN.find(([form]) => form.test(String(pattern)))?.[1] ?? 'example'
  return known.padEnd(Number(minLength), '.')
}

// --- curl ---

interface Asked {
  needs: string
  taken: Record<string, OpenAPIV3_1.MediaTypeObject>
  query: v.ObjectSchema<v.ObjectEntries, undefined> | undefined
}

/** A command to copy; the shell knows PARLEY (where the edge is) and PARLEY_KEY. */
export function curlOf({ method, path }: { method: string; path: string }, { needs, taken, query }: Asked): string {
  const address = path.replaceAll(
    /([\w-]+)\/\{\w+\}/g,
    (_all, collection: string) => `${collection}/${exampleId(collection)}`,
  )
  const asked = Object.entries(query?.entries ?? {}).filter(([, entry]) => entry.type !== 'optional')
  const words = new URLSearchParams(asked.map(([name]) => [name, name === 'q' ? 'hello' : 'all'])).toString()
  const json = taken['application/json']?.example as unknown
  const parts = [
    `curl${method === 'GET' ? '' : ` -X ${method}`} "$PARLEY${address}${words && `?${words}`}"`,
    needs === 'none' ? undefined : '-H "Authorization: Bearer $PARLEY_KEY"',
    json === undefined
      ? undefined
      : `-H 'content-type: application/json' -d '${JSON.stringify(json).replaceAll("'", String.raw`'\''`)}'`,
    'multipart/form-data' in taken ? FORM : undefined,
  ]
  return parts.filter((part) => part !== undefined).join(' \\\n  ')
}

const FORM = `-F name=Anna -F language=en -F 'consent=I, Anna, agree that this voice is imitated.' -F file=@anna.wav`
