// Reads what a request brings by the schemas of its operation, once, into typed values. What cannot be read becomes a fault that names
// the field. Called by operation.ts only; knows no route.
import type { Context } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import type { BlankInput } from 'hono/types'
import * as v from 'valibot'
import { FaultError, invalid } from '#shared/fault.ts'
import { decode } from '#shared/protocol/decode.ts'
import { unbroken } from '#edge/http/plumbing/unbroken.ts'

/** JSON of the API is ids and short texts. A route that takes files names its own bound. */
export const MAX_BODY_BYTES = 64 * 1024
/** Characters of a field's name that a refusal repeats. */
const MAX_NAME_CHARS = 64

/** What a route takes. Each schema is also what /openapi.json shows of it. */
export interface Input {
  query?: v.ObjectSchema<v.ObjectEntries, undefined>
  /** The JSON body. */
  body?: v.GenericSchema
  /** The fields and files of a form (multipart/form-data, RFC 7578). */
  form?: v.GenericSchema
  /** Of a body of any kind; MAX_BODY_BYTES without it. */
  maxBytes?: number
}

/** What a handler then finds by `c.req.valid('query' | 'json' | 'form')`, in Hono's words. */
export type Valid<I> = [Named<I>] extends [never] ? BlankInput : { in: Read<I, 'in'>; out: Read<I, 'out'> }
type Named<I> = Extract<keyof I, 'query' | 'body' | 'form'>
type Read<I, Side> = {
  [part in Named<I> as part extends 'body' ? 'json' : part]: I[part] extends v.GenericSchema
    ? Side extends 'in'
      ? v.InferInput<I[part]>
      : v.InferOutput<I[part]>
    : never
}

/** Throws FaultError invalid_message or too_large. */
export async function readInput(c: Context, { query, body, form, maxBytes = MAX_BODY_BYTES }: Input): Promise<void> {
  if (query) c.req.addValidatedData('query', parsed(query, c.req.query(), 'query') as object)
  await holdToLimit(c, maxBytes)
  if (body) c.req.addValidatedData('json', (await readJson(c, body, maxBytes)) as object)
  if (form) c.req.addValidatedData('form', parsed(form, await readForm(c), 'form') as object)
}

/** A body of unknown length is read here, up to its bound; what reads it afterwards finds it in memory. */
async function holdToLimit(c: Context, max: number): Promise<void> {
  const hold = bodyLimit({
    maxSize: max,
    onError: () => {
      // Without a length the stream was stopped at the first byte too many.
      const got = Number(c.req.header('content-length') ?? max + 1)
      throw new FaultError({ code: 'too_large', limit: 'body', max, got, unit: 'bytes' })
    },
  })
  await unbroken(() => hold(c, async () => {}))
}

async function readJson(c: Context, schema: v.GenericSchema, maxBytes: number): Promise<unknown> {
  const decoded = decode(schema, await unbroken(() => c.req.text()), maxBytes, 'body')
  if (!decoded.ok) throw new FaultError(decoded.fault)
  return decoded.value
}

async function readForm(c: Context): Promise<Record<string, unknown>> {
  if (!/^multipart\/form-data;/i.test(c.req.header('content-type') ?? ''))
    throw invalid('content-type: expected multipart/form-data')
  let form: FormData
  try {
    form = await unbroken(() => c.req.raw.formData())
  } catch (error) {
    if (error instanceof FaultError) throw error
    // What its parser stumbles over is the client's matter.
    throw invalid('body: not a form', { cause: error })
  }
  const fields: Record<string, unknown> = {}
  for (const [name, value] of form) {
    if (Object.hasOwn(fields, name)) throw invalid(`${name.slice(0, MAX_NAME_CHARS)}: is there twice`)
    fields[name] = value
  }
  return fields
}

function parsed(schema: v.GenericSchema, fields: unknown, whole: string): unknown {
  const read = v.safeParse(schema, fields)
  if (read.success) return read.output
  throw invalid(read.issues.map((issue) => `${v.getDotPath(issue) ?? whole}: ${issue.message}`))
}
