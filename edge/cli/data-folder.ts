// The files of the data folder that the command line owns: the key of the first start and the local node's token.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { invalid } from '#shared/fault.ts'

export const firstKeyFile = (data: string): string => join(data, 'first-key')
export const nodeTokenFile = (data: string): string => join(data, 'node-token')

/** The option of every command that needs the data folder. */
export const dataOption = { type: 'string', description: 'Data folder; default: DATA_DIR, or ./data' } as const

/** The option of commands that call as a user. */
export const keyOption = {
  type: 'string',
  description: 'API key; default: PARLEY_KEY, or the key of the first start in the data folder',
} as const

/** The folder that --data names. */
export function dataFolder(given: string | undefined): string {
  return resolve(given ?? (process.env['DATA_DIR'] || './data'))
}

/** The key to call with: the given one, PARLEY_KEY, or that of the first start. */
export function findKey(given: string | undefined, data: string): string {
  const key = given ?? process.env['PARLEY_KEY'] ?? readSecret(firstKeyFile(data))
  if (key !== undefined && key !== '') return key
  const issue = `no key: give --key, set PARLEY_KEY, or start once so that ${firstKeyFile(data)} exists`
  throw invalid(issue)
}

export function readSecret(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}

/** Readable by its owner only. */
export function writeSecret(file: string, secret: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  writeFileSync(file, `${secret}\n`, { mode: 0o600 })
}
