// Our valibot schemas as JSON Schema, for /openapi.json and /wires.json. What is checked by code, such as the form of an id, JSON
// Schema cannot say: there it is a string.
import { toJsonSchema, type ConversionConfig } from '@valibot/to-json-schema'
import type * as v from 'valibot'

export const CONVERSION: ConversionConfig = {
  errorMode: 'ignore',
  overrideSchema: ({ valibotSchema }) => (valibotSchema.type === 'custom' ? { type: 'string' } : undefined),
}

/** JSON Schema, draft 7. */
export const jsonSchemaOf = (schema: v.GenericSchema) => toJsonSchema(schema, CONVERSION)
