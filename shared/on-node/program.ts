// What the programs of edge and GPU node do alike around their work: settings, log, signals, exit code. Used by their two
// main.ts only; knows no variable and no work.
import { join } from 'node:path'
import { faultOf } from '#shared/fault.ts'
import { watchDeathPipe } from './child-group.ts'
import { loadDotEnv } from './config.ts'
import { makeDataFolder } from './data-folder.ts'
import { openLog, type LogFile, type LogLevel } from './log.ts'

/** As in sysexits.h: whoever restarts a program that failed so restarts it in vain. */
export const EXIT_CONFIG = 78

interface Settings {
  dataDir: string
  logLevel: LogLevel
}

/** The settings, with their data folder made; undefined after stderr was told what is wrong. There is no log yet. */
export function prepare<S extends Settings>(read: () => S): S | undefined {
  // Conversations, keys and logs are for this user's eyes: files 0600, folders 0700.
  process.umask(0o077)
  loadDotEnv()
  try {
    const settings = read()
    makeDataFolder(settings.dataDir)
    return settings
  } catch (error) {
    const fault = faultOf(error)
    if (fault.code !== 'invalid_message') throw error
    for (const issue of fault.issues) console.error(issue)
    return undefined
  }
}

/** A bug that nobody caught is logged from now on, with its stack: it must not end the calls of others. */
export async function openProgramLog(name: string, { dataDir, logLevel: level }: Settings): Promise<LogFile> {
  const logFile = await openLog({ name, level, folder: join(dataDir, 'logs') })
  const onBug = (error: unknown): void => logFile.log.error({ error }, 'a bug outside of a session')
  process.on('uncaughtException', onBug).on('unhandledRejection', onBug)
  return logFile
}

/** The first signal, or the parent's death, asks for an orderly end; the second for a quick one. */
export function stopSignals(): { first: Promise<string>; second: AbortSignal } {
  const first = Promise.withResolvers<string>()
  const second = new AbortController()
  let signals = 0
  const onStop = (reason: string): void => {
    signals += 1
    if (signals === 1) first.resolve(reason)
    else second.abort('shutdown')
  }
  process.on('SIGTERM', onStop).on('SIGINT', onStop)
  watchDeathPipe(process.env, () => onStop('parent gone'))
  return { first: first.promise, second: second.signal }
}
