// Our valibot schemas as JSON Schema (draft 2020-12, that of OpenAPI 3.1), for /openapi.json and /wires.json. What is checked by code
// JSON Schema cannot say.
import { toJsonSchema, type ConversionConfig } from '@valibot/to-json-schema'
import type * as v from 'valibot'

export const CONVERSION: ConversionConfig = {
  target: 'draft-2020-12',
  errorMode: 'ignore',
}

export const jsonSchemaOf = (schema: v.GenericSchema) => toJsonSchema(schema, CONVERSION)
