// Reads the environment once, by a schema, at the root of a program. What is wrong is named by its variable, with what is
// allowed; a value is never repeated, for it may be a secret. Knows no variable itself.
import { existsSync } from 'node:fs'
import * as v from 'valibot'
import { invalid } from '#shared/fault.ts'

/** Adds what .env says to the environment; a variable that is set already wins. */
export function loadDotEnv(file = '.env'): void {
  if (existsSync(file)) process.loadEnvFile(file)
}

/** Parses the variables that the schema names. Throws FaultError invalid_message, one issue a variable. */
export function readEnvironment<const S extends v.GenericSchema>(
  schema: S,
  environment: NodeJS.ProcessEnv = process.env,
): v.InferOutput<S> {
  // `PORT=` in a file means "not set": people keep the line and clear the value.
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = v.safeParse(schema, set)
  if (parsed.success) return parsed.output
  throw invalid(parsed.issues.map(describe))
}

function describe(issue: v.BaseIssue<unknown>): string {
  const name = v.getDotPath(issue) ?? 'environment'
  if (issue.received === 'undefined') return `${name}: is needed and is not set`
  return `${name}: ${issue.message
    .replaceAll(/Received ".*"|received ".*"/g, '')
    .replace(/^Invalid \w+: /, '')
    .trim()}`
}

// --- kinds of variables; the message is what the reader of a refusal sees ---

/** An integer within bounds. */
export function whole(min: number, max: number): v.GenericSchema<string, number> {
  const allowed = `must be a whole number from ${min} to ${max}`
  return v.pipe(
    v.string(),
    v.regex(/^-?\d{1,15}$/, allowed),
    v.transform(Number),
    v.minValue(min, allowed),
    v.maxValue(max, allowed),
  )
}

/** A URL of one of these schemes, e.g. `http:`. */
export function address(...schemes: string[]): v.GenericSchema<string, string> {
  return v.pipe(
    v.string(),
    v.check(
      (text) => URL.canParse(text) && schemes.includes(new URL(text).protocol),
      `must be a URL (${schemes.join(', ')})`,
    ),
  )
}

/** A secret of at least `minChars`. */
export function secret(minChars: number): v.GenericSchema<string, string> {
  return v.pipe(v.string(), v.minLength(minChars, `must have at least ${minChars} characters`))
}

export function oneOf<const T extends readonly string[]>(...allowed: T): v.GenericSchema<string, T[number]> {
  return v.picklist(allowed, `must be one of ${allowed.join(', ')}`)
}
