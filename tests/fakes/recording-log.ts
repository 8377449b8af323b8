// A log that keeps its lines as facts: for tests of what is said in them, and of what must never be.
import { inspect } from 'node:util'
import type { Log, LogFacts } from '#shared/log.ts'

export interface LogLine {
  level: 'debug' | 'info' | 'warn' | 'error'
  message: string
  facts: LogFacts
}

export interface RecordingLog {
  log: Log
  lines: LogLine[]
  /** All that any line holds, errors with their messages, stacks and causes. */
  text(): string
}

export function createRecordingLog(): RecordingLog {
  const lines: LogLine[] = []
  const withFacts = (bound: LogFacts): Log => {
    const at =
      (level: LogLine['level']) =>
      (facts: LogFacts, message: string): void =>
        void lines.push({ level, message, facts: { ...bound, ...facts } })
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (facts) => withFacts({ ...bound, ...facts }),
    }
  }
  return {
    log: withFacts({}),
    lines,
    text: () => inspect(lines, { depth: Infinity, maxArrayLength: Infinity, maxStringLength: Infinity }),
  }
}
