// The port of the log, and pii(): the only way in which a caller's words may come near a log line.

export type LogFacts = Record<string, unknown>

export interface Log {
  debug(facts: LogFacts, message: string): void
  info(facts: LogFacts, message: string): void
  warn(facts: LogFacts, message: string): void
  error(facts: LogFacts, message: string): void
  child(facts: LogFacts): Log
}

export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
}

/** Stands for a caller's text in a log: its length only, never its words. */
export function pii(text: string): { chars: number } {
  return { chars: [...text].length }
}
