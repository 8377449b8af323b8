// Reads what a request brings, once, into a typed value; what cannot be read becomes a fault that names the field.
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import * as v from 'valibot'
import { FaultError } from '#shared/fault.ts'
import { isTeardownRace } from '#shared/link/socket.ts'
import { decode, type Schema } from '#shared/protocol/decode.ts'

/** JSON of the API is ids and short texts; files have routes of their own. */
export const MAX_BODY_BYTES = 64 * 1024
/** Of a field's name, in a refusal. */
const MAX_NAME_CHARS = 64

export function limitBody(max = MAX_BODY_BYTES): MiddlewareHandler {
  return bodyLimit({
    maxSize: max,
    onError: (c) => {
      // Without a length the stream was stopped at the first byte too many.
      const got = Number(c.req.header('content-length') ?? max + 1)
      throw new FaultError({ code: 'too_large', limit: 'body', max, got, unit: 'bytes' })
    },
  })
}

export async function readBody<T>(c: Context, schema: Schema<T>): Promise<T> {
  const decoded = decode(schema, await unbroken(() => c.req.text()), MAX_BODY_BYTES)
  if (!decoded.ok) throw new FaultError(decoded.fault)
  return decoded.value
}

/** A form with files (multipart/form-data, RFC 7578). Whoever calls has bounded the body. */
export async function readForm<const S extends v.GenericSchema>(c: Context, schema: S): Promise<v.InferOutput<S>> {
  if (!/^multipart\/form-data;/i.test(c.req.header('content-type') ?? ''))
    throw new FaultError({ code: 'invalid_message', issues: ['content-type: expected multipart/form-data'] })
  let form: FormData
  try {
    form = await unbroken(() => c.req.raw.formData())
  } catch (error) {
    if (error instanceof FaultError) throw error
    // What its parser stumbles over is the client's matter.
    throw new FaultError({ code: 'invalid_message', issues: ['body: not a form'] }, { cause: error })
  }
  const fields: Record<string, unknown> = {}
  for (const [name, value] of form) {
    if (Object.hasOwn(fields, name))
      throw new FaultError({ code: 'invalid_message', issues: [`${name.slice(0, MAX_NAME_CHARS)}: is there twice`] })
    fields[name] = value
  }
  return parsed(schema, fields, 'form')
}

/** A client that hangs up in the middle is no bug of ours, and nobody is there to read the answer. */
export async function unbroken<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!isTeardownRace(error)) throw error
    throw new FaultError({ code: 'invalid_message', issues: ['body: it broke off'] }, { cause: error })
  }
}

export function readQuery<const S extends v.GenericSchema>(c: Context, schema: S): v.InferOutput<S> {
  return parsed(schema, c.req.query(), 'query')
}

function parsed<const S extends v.GenericSchema>(schema: S, fields: unknown, whole: string): v.InferOutput<S> {
  const read = v.safeParse(schema, fields)
  if (read.success) return read.output
  throw new FaultError({
    code: 'invalid_message',
    issues: read.issues.map((issue) => `${v.getDotPath(issue) ?? whole}: ${issue.message}`),
  })
}

/** A whole number of a query, within bounds. */
export function wholeNumber(min: number, max: number): v.GenericSchema<string, number> {
  const allowed = `expected a whole number from ${min} to ${max}`
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, allowed),
    v.transform(Number),
    v.pipe(v.number(), v.integer()),
    v.minValue(min, allowed),
    v.maxValue(max, allowed),
  )
}
