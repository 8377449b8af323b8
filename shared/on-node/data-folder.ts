// Makes the folder in which a program keeps its database, secrets and logs, or says why it cannot be had. Called before
// anything is written to it, by edge, GPU node and command line.
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type FaultError, invalid } from '#shared/fault.ts'

/** Throws FaultError invalid_message. */
export function makeDataFolder(folder: string): void {
  try {
    makeMissing(resolve(folder))
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (cause) {
    throw unusable(folder, (cause as NodeJS.ErrnoException).code ?? 'unknown reason', cause)
  }
  if (!statSync(folder).isDirectory()) throw unusable(folder, 'ENOTDIR')
}

/** One folder after the other: mkdirSync's own recursion never returns where the system answers ENOENT, as below /proc. */
function makeMissing(folder: string): void {
  if (existsSync(folder)) return
  makeMissing(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Two programs start at once on one machine.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

function unusable(folder: string, why: string, cause?: unknown): FaultError {
  return invalid(`DATA_DIR: ${folder} cannot be used (${why})`, { cause })
}
