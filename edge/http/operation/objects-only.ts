// Refuses an array where an object is described. valibot's object schemas take any object, arrays among them, and JSON Schema does not:
// without this, /openapi.json would say less than the truth. For the bodies of routes; the wires' messages have a `type`, which no array has.
import * as v from 'valibot'

/** The same schema, for values that have no array in the place of an object. */
export function objectsOnly<S extends v.GenericSchema>(schema: S): v.GenericSchema<unknown, v.InferOutput<S>> {
  const noArrays = v.rawCheck<unknown>(({ dataset, addIssue }) => {
    const at = dataset.typed ? arrayAt(schema, dataset.value) : undefined
    if (!at) return
    const [first, ...rest] = at.map(
      (key) => ({ type: 'unknown', origin: 'value', input: null, key, value: null }) as const,
    )
    addIssue({ message: 'expected an object, not an array', ...(first && { path: [first, ...rest] }) })
  })
  return v.pipe(v.unknown(), noArrays, schema) as unknown as v.GenericSchema<unknown, v.InferOutput<S>>
}

type Path = Array<string | number>
/** The parts of valibot's schemas that hold other schemas (valibot.dev/api, "Schemas"). */
interface Parts {
  type: string
  wrapped?: Parts
  item?: Parts
  entries?: Record<string, Parts>
}

/** Where the first such array is. Unions are not looked into: one of their options may be an array. */
function arrayAt(schema: Parts, value: unknown): Path | undefined {
  if (schema.wrapped) return arrayAt(schema.wrapped, value)
  const { item, entries } = schema
  if (item) return Array.isArray(value) ? firstAt(value.map((one, at) => [at, item, one])) : undefined
  if (schema.type === 'record') return Array.isArray(value) ? [] : undefined
  if (!entries || typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return []
  return firstAt(Object.entries(entries).map(([key, entry]) => [key, entry, (value as Record<string, unknown>)[key]]))
}

function firstAt(parts: Array<[string | number, Parts, unknown]>): Path | undefined {
  for (const [key, schema, value] of parts) {
    const at = arrayAt(schema, value)
    if (at) return [key, ...at]
  }
  return undefined
}
