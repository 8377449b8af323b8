// The log of a Node host: JSON lines by pino, on stdout and in files that roll. Implements shared/log.ts; used by the edge's
// and the GPU node's roots. Knows no line of anybody.
import { join } from 'node:path'
import { destination, multistream, pino, stdSerializers, stdTimeFunctions, type Logger } from 'pino'
import build from 'pino-roll'
import type { Log, LogFacts } from '#shared/log.ts'

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** A file is closed at this size; with its predecessors a log takes at most about 60 MB. A burst may overshoot a little. */
const FILE_SIZE = '10m'
const OLD_FILES = 5
/** Waits for the last lines at the end, and not for ever: stdout may be a pipe that nobody reads. */
const FLUSH_WITHIN_MS = 2_000
/** A second net under the rule that secrets are never handed to the log. */
const SECRET_FACTS = ['key', 'token', 'ticket', 'secret', 'authorization', 'cookie', 'resumeToken', 'authToken']

type SonicBoom = ReturnType<typeof destination>

export interface LogFile {
  log: Log
  /** Writes what is buffered and closes the files. */
  close(): Promise<void>
}

/** `name` is the program, the first part of the file's name. Without a folder, lines go to stdout only. */
export async function openLog(options: { name: string; level: LogLevel; folder?: string }): Promise<LogFile> {
  const { name, level, folder } = options
  const stdout: SonicBoom = destination({ dest: 1, sync: false })
  const streams: SonicBoom[] = [stdout]
  if (folder !== undefined) {
    const limit = { count: OLD_FILES, removeOtherLogFiles: true }
    streams.push(await build({ file: join(folder, name), extension: '.log', size: FILE_SIZE, mkdir: true, limit }))
  }
  // A reader that went away (a closed pipe, a full disk) must not end the calls.
  for (const stream of streams) stream.on('error', () => {})
  const logger = pino(
    {
      level,
      base: { program: name },
      timestamp: stdTimeFunctions.epochTime,
      formatters: { level: (label) => ({ level: label.toUpperCase() }) },
      serializers: { error: serializeError },
      redact: { paths: SECRET_FACTS, censor: '[secret]' },
    },
    multistream(streams.map((stream) => ({ stream, level }))),
  )
  return { log: wrap(logger), close: () => closeAll(streams) }
}

function wrap(logger: Logger): Log {
  return {
    debug: (facts, message) => logger.debug(named(facts), message),
    info: (facts, message) => logger.info(named(facts), message),
    warn: (facts, message) => logger.warn(named(facts), message),
    error: (facts, message) => logger.error(named(facts), message),
    child: (facts) => wrap(logger.child(named(facts))),
  }
}

/** A failed query's own message repeats its parameters, which may be a caller's words: its cause and its SQL say enough. */
function serializeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  if ('query' in error && 'params' in error)
    return { ...(error.cause instanceof Error ? stdSerializers.errWithCause(error.cause) : {}), query: error.query }
  return stdSerializers.errWithCause(error)
}

/** Log readers know the trace by the name that OpenTelemetry gives it. */
function named({ traceId, ...facts }: LogFacts): LogFacts {
  return traceId === undefined ? facts : { ...facts, trace_id: traceId }
}

async function closeAll(streams: SonicBoom[]): Promise<void> {
  const closed = streams.map(
    (stream) =>
      new Promise<void>((resolve) => {
        stream.once('close', resolve)
        stream.once('error', () => resolve())
        setTimeout(resolve, FLUSH_WITHIN_MS).unref()
        stream.end()
      }),
  )
  await Promise.all(closed)
}
