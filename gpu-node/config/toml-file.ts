// Reads gpu-node.toml: the text, then the schema. What is wrong is named by its key (`engines.f5.port`) with its value and what
// is allowed; an unknown key with the nearest known one; a secret in the file is refused without being repeated.
import { readFileSync } from 'node:fs'
import { parse, TomlError } from 'smol-toml'
import * as v from 'valibot'
import { invalid } from '#shared/fault.ts'
import { GpuNodeFile, KINDS } from './file-schema.ts'
import { hintFor } from '#shared/nearest.ts'

/** Longer values are cut in a refusal. */
const MAX_SHOWN_CHARS = 60
/** Keys that can only hold a secret; `api_key_env` names a variable and is none. */
const SECRET_KEY = /^(?:.*_)?(?:api_?key|key|token|secret|password)$/i

export function readTomlFile(path: string): GpuNodeFile {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    throw invalid([`GPU_NODE_CONFIG: ${path} is no file that can be read`])
  }
  return parseToml(text, path)
}

/** `path` is for the refusal only. */
export function parseToml(text: string, path: string): GpuNodeFile {
  let table: unknown
  try {
    table = parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // Never the code block of the message: it repeats the line, which may hold a secret.
    const reason = error.message.split('\n', 1)[0]?.replace(/^Invalid TOML document: /, '')
    throw invalid([`${path}:${error.line}:${error.column}: ${reason}`])
  }
  const secrets = findSecrets(table, [])
  if (secrets.length > 0) throw invalid(secrets)
  const parsed = v.safeParse(GpuNodeFile, table)
  if (parsed.success) return parsed.output
  throw invalid(parsed.issues.map(describe))
}

function findSecrets(value: unknown, path: string[]): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, inner]) => {
    const at = [...path, key]
    if (typeof inner === 'string' && SECRET_KEY.test(key))
      return [
        `${at.join('.')}: a secret never stands in this file; set a variable and name it: api_key_env = "LLM_API_KEY"`,
      ]
    return findSecrets(inner, at)
  })
}

function describe(issue: v.BaseIssue<unknown>): string {
  const path = issue.path?.map(({ key }) => String(key)) ?? []
  const key = path.join('.')
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return `${key}: is not known here; ${hintFor(path.at(-1) ?? '', keysFor(path))}`
  }
  if (issue.input === undefined) return `${key}: is needed and is not set`
  return `${key}: is ${show(issue.input)}; it ${issue.message}`
}

/** The keys that may stand beside the last one of `path`. */
function keysFor(path: string[]): string[] {
  if (path.length === 3 && path[0] === 'engines')
    return [...new Set(Object.values(KINDS).flatMap(({ entries }) => Object.keys(entries)))]
  if (path.length === 1) return Object.keys(GpuNodeFile.entries)
  const section = GpuNodeFile.entries[path[0] as 'roles' | 'guard' | 'speech_cache'].wrapped
  return Object.keys(section.entries)
}

function show(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text
}
