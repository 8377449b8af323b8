// Makes the folder in which a program keeps its database, secrets and logs, or says why it cannot be had. Called before
// anything is written to it, by edge, GPU node and command line.
import { accessSync, constants, mkdirSync, statSync } from 'node:fs'
import { FaultError } from '#shared/fault.ts'

/** Throws FaultError invalid_message. */
export function makeDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw unusable(folder, (cause as NodeJS.ErrnoException).code ?? 'unknown reason', cause)
  }
  if (!statSync(folder).isDirectory()) throw unusable(folder, 'ENOTDIR')
}

function unusable(folder: string, why: string, cause?: unknown): FaultError {
  return new FaultError({ code: 'invalid_message', issues: [`DATA_DIR: ${folder} cannot be used (${why})`] }, { cause })
}
