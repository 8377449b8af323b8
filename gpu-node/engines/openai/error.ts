// The error objects of OpenAI-compatible servers: in the body of a refusal, and in the middle of an event stream.
// Used by request.ts and events.ts. Takes codes and types only, never messages, which may echo a caller.
import * as v from 'valibot'

const Scalar = v.nullish(v.union([v.string(), v.number()]))
const ErrorFacts = v.object({ code: Scalar, type: Scalar })
type ErrorFacts = v.InferOutput<typeof ErrorFacts>

/** `{"error": {…}}` (OpenAI, vLLM), `{"error": "text"}` (Ollama), `{"object": "error", …}` (older vLLM). */
const ErrorBody = v.union([
  v.pipe(
    v.object({ error: ErrorFacts }),
    v.transform((body): ErrorFacts => body.error),
  ),
  v.pipe(
    v.object({ error: v.string() }),
    v.transform((): ErrorFacts => ({ code: null, type: null })),
  ),
  v.pipe(
    v.object({ object: v.literal('error'), ...ErrorFacts.entries }),
    v.transform((body): ErrorFacts => ({ code: body.code, type: body.type })),
  ),
])

export interface ServerError {
  /** Type and code of the error, as far as they are names; empty where the server gives none. */
  name: string
  /** Whether the same request may succeed later. */
  transient: boolean
}

/** The error in a parsed JSON value, if it is one. */
export function readServerError(json: unknown): ServerError | undefined {
  const parsed = v.safeParse(ErrorBody, json)
  if (!parsed.success) return undefined
  const name = nameOf(parsed.output)
  const status = Number(parsed.output.code)
  // In the middle of a stream only the object tells: a code of 4xx blames the request, anything else may pass.
  const isOurMistake = status >= 400 && status < 500 && status !== 408 && status !== 429
  return { name, transient: !isOurMistake && !isQuotaUsedUp(name) && !/invalid_request|BadRequest/.test(name) }
}

/** The error's name in the body of a refusal; empty where the body is plain text. */
export function errorName(body: string): string {
  try {
    return readServerError(JSON.parse(body))?.name ?? ''
  } catch {
    return ''
  }
}

/** A 429 that waiting does not cure. */
export const isQuotaUsedUp = (name: string): boolean => name.includes('insufficient_quota')

/** A word of a code, not a sentence and not a key: a short name of letters, digits, dots and underscores. */
const nameOf = (facts: ErrorFacts): string =>
  [facts.type, facts.code]
    .filter((part) => part !== null && part !== undefined && /^[A-Za-z0-9_.]{1,48}$/.test(String(part)))
    .join(' ')
