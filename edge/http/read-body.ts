// Reads what a request brings, once, into a typed value; what cannot be read becomes a fault that names the field.
import type { Context, MiddlewareHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import * as v from 'valibot'
import { FaultError } from '#shared/fault.ts'
import { isTeardownRace } from '#shared/link/socket.ts'
import { decode, type Schema } from '#shared/protocol/decode.ts'

/** JSON of the API is ids and short texts; files have routes of their own. */
export const MAX_BODY_BYTES = 64 * 1024

export function limitBody(): MiddlewareHandler {
  return bodyLimit({
    maxSize: MAX_BODY_BYTES,
    onError: (c) => {
      // Without a length the stream was stopped at the first byte too many.
      const got = Number(c.req.header('content-length') ?? MAX_BODY_BYTES + 1)
      throw new FaultError({ code: 'too_large', limit: 'body', max: MAX_BODY_BYTES, got, unit: 'bytes' })
    },
  })
}

export async function readBody<T>(c: Context, schema: Schema<T>): Promise<T> {
  const decoded = decode(schema, await unbroken(() => c.req.text()), MAX_BODY_BYTES)
  if (!decoded.ok) throw new FaultError(decoded.fault)
  return decoded.value
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
  const parsed = v.safeParse(schema, c.req.query())
  if (parsed.success) return parsed.output
  throw new FaultError({
    code: 'invalid_message',
    issues: parsed.issues.map((issue) => `${v.getDotPath(issue) ?? 'query'}: ${issue.message}`),
  })
}

/** A whole number of a query, within bounds. */
export function wholeNumber(min: number, max: number): v.GenericSchema<string, number> {
  const allowed = `expected a whole number from ${min} to ${max}`
  return v.pipe(
    v.string(),
    v.regex(/^\d{1,15}$/, allowed),
    v.transform(Number),
    v.minValue(min, allowed),
    v.maxValue(max, allowed),
  )
}
