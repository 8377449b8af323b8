// Our valibot schemas as JSON Schema (draft 2020-12, that of OpenAPI 3.1), for /openapi.json and /wires.json. JSON Schema cannot say what
// code checks (v.check); such a rule stands in the field's description.
import { toJsonSchema, toJsonSchemaDefs, type ConversionConfig } from '@valibot/to-json-schema'
import type * as v from 'valibot'

export interface JsonSchema {
  [key: string]: unknown
}

const CONVERSION: ConversionConfig = {
  target: 'draft-2020-12',
  errorMode: 'ignore',
  // A file of a form, as OpenAPI 3.1 describes one; its size is counted in bytes.
  overrideSchema: ({ valibotSchema }) =>
    valibotSchema.type === 'instance' ? { type: 'string', format: 'binary' } : undefined,
  overrideAction: ({ valibotAction, jsonSchema }) => {
    const { type, requirement } = valibotAction as { type: string; requirement?: unknown }
    if (type === 'min_size') return { ...jsonSchema, minLength: Number(requirement) }
    if (type === 'max_size') return { ...jsonSchema, maxLength: Number(requirement) }
    return undefined
  },
}

export const jsonSchemaOf = (schema: v.GenericSchema): JsonSchema => ({ ...toJsonSchema(schema, CONVERSION) })

export interface Converter {
  /** `output` for what a query's text stands for, such as a number. */
  schemaOf(schema: v.GenericSchema, mode?: 'input' | 'output'): JsonSchema
  /** The named schemas themselves. */
  components: Record<string, JsonSchema>
}

/** Converts schemas in which each of the named ones is a reference to `#/components/schemas/…`. */
export function createConverter(named: Readonly<Record<string, v.GenericSchema>>): Converter {
  const overrideRef = ({ referenceId }: { referenceId: string }): string => `#/components/schemas/${referenceId}`
  const config: ConversionConfig = { ...CONVERSION, overrideRef, definitions: named }
  const definitions = toJsonSchemaDefs(named, config)
  const titled = Object.entries(definitions).map(([title, schema]) => [title, { title, ...schema }])
  return {
    components: Object.fromEntries(titled),
    schemaOf(schema, typeMode) {
      const { $schema: _, $defs: __, ...rest } = toJsonSchema(schema, { ...config, ...(typeMode && { typeMode }) })
      return rest
    },
  }
}
