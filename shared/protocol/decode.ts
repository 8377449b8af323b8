// Reads one text frame into a typed message, once, at the socket. What cannot be read becomes a fault, never an exception.
import * as v from 'valibot'
import { type Fault, invalidFault } from '#shared/fault.ts'
import { fail, ok, type Result } from '#shared/result.ts'
import { arrayForObject } from './objects-only.ts'

/** Problems named in one answer; more would only repeat the first. */
const MAX_ISSUES = 5

/** Nothing of ours is nested half as deep. */
const MAX_DEPTH = 32
/** Shorter texts are parsed in no time, whatever is in them. */
const SHALLOW_CHARS = 4 * 1024

/** The exact texts of the heartbeat; compared before any parsing, and answered by the platform where it can. */
export const PING = '{"type":"ping"}'
export const PONG = '{"type":"pong"}'

export type Schema<T> = v.GenericSchema<unknown, T>

/**
 * Decodes JSON text of at most `maxBytes` (UTF-16 units are counted: a cheap lower bound of the bytes). `whole` is what an issue calls the
 * text itself.
 */
export function decode<T>(schema: Schema<T>, text: string, maxBytes: number, whole = 'message'): Result<T, Fault> {
  if (text.length > maxBytes)
    return fail({ code: 'too_large', limit: whole, max: maxBytes, got: text.length, unit: 'bytes' })
  if (isDeep(text)) return fail(invalidFault(`${whole}: nested in more than ${MAX_DEPTH} levels`))
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return fail(invalidFault('not valid JSON'))
  }
  const at = arrayForObject(schema, value)
  if (at) return fail(invalidFault(`${at.join('.') || whole}: expected an object, not an array`))
  const parsed = v.safeParse(schema, value)
  if (parsed.success) return ok(parsed.output)
  const issues = parsed.issues.slice(0, MAX_ISSUES).map((issue) => describe(issue, whole))
  return fail(limitPassed(parsed.issues[0]) ?? invalidFault(...issues))
}

/** Whether JSON is nested too deep to be ours. To parse 60 KB of brackets takes 3 ms, to look for the 33rd level much less. */
export function isDeep(text: string): boolean {
  if (text.length <= SHALLOW_CHARS) return false
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length; at++) {
    const char = text[at]
    if (isInString) {
      if (char === '\\') at++
      else if (char === '"') isInString = false
    } else if (char === '"') isInString = true
    else if (char === '[' || char === '{') depth++
    else if (char === ']' || char === '}') depth--
    if (depth > MAX_DEPTH) return true
  }
  return false
}

/** A text that is longer than its field allows: the fault names the field, its limit and what came. */
function limitPassed(issue: v.BaseIssue<unknown>): Fault | undefined {
  const limit = v.getDotPath(issue)
  if (limit === null || issue.kind !== 'validation') return undefined
  if (issue.type === 'max_length' && typeof issue.requirement === 'number' && typeof issue.input === 'string')
    return { code: 'too_large', limit, max: issue.requirement, got: issue.input.length, unit: 'characters' }
  const max = /^<=(\d+)$/.exec(issue.expected ?? '')?.[1]
  if (issue.type !== 'raw_check' || max === undefined) return undefined
  return { code: 'too_large', limit, max: Number(max), got: Number(issue.received), unit: 'characters' }
}

/** Names the field and what is allowed, but never repeats a received text, as valibot's own words do: it may be a caller's. */
function describe(issue: v.BaseIssue<unknown>, whole: string): string {
  const { message, requirement, expected, type } = issue
  const path = v.getDotPath(issue) ?? whole
  if (!message.startsWith('Invalid ')) return `${path}: ${message}`
  const limit = typeof requirement === 'number' ? ` (limit ${requirement})` : ''
  return `${path}: expected ${expected ?? type}${limit}`
}
