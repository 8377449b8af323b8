// The log on Workers: one JSON object a line on the console, which Workers Logs and `wrangler tail` read. Implements
// shared/log.ts with the fields of the Node host's log.
import type { Log, LogFacts } from '#shared/log.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A second net under the rule that secrets are never handed to the log. */
const SECRET_FACTS = new Set([
  'key',
  'token',
  'ticket',
  'secret',
  'authorization',
  'cookie',
  'resumeToken',
  'authToken',
])

export function createLog(least: LogLevel, about: LogFacts = {}): Log {
  const write = (level: LogLevel) => (facts: LogFacts, message: string) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return
    const line = { level: level.toUpperCase(), time: Date.now(), program: 'edge', ...about, ...facts, msg: message }
    console[level](JSON.stringify(line, shown))
  }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (facts) => createLog(least, { ...about, ...facts }),
  }
}

function shown(name: string, value: unknown): unknown {
  if (SECRET_FACTS.has(name)) return '[secret]'
  if (name === 'traceId') return undefined
  if (!(value instanceof Error)) return value
  // A failed query's own message repeats its parameters, which may be a caller's words.
  const query = 'query' in value && 'params' in value ? { query: value.query } : undefined
  return { type: value.name, ...(query ?? { message: value.message, stack: value.stack }), cause: value.cause }
}
