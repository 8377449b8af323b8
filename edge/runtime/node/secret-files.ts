// Secrets that the edge makes for itself at its first start and keeps in the data folder, readable by its owner only.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { SCOPES } from '#shared/model/caller.ts'
import type { KeyStore } from '#edge/store/key-store.ts'
import { newSecret } from '#shared/token.ts'

/** Signs cookies. A new one signs every browser out. */
export function readOrMakeSigningSecret(dataDir: string): string {
  const file = join(dataDir, 'signing-secret')
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  try {
    // `wx`: of two that start at once, one makes the secret and both read it.
    writeFileSync(file, `${newSecret('')}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  return readFileSync(file, 'utf8').trim()
}

/** A first key, for an edge that has none; the file it was written to. */
export async function makeFirstKey(
  keys: KeyStore,
  { dataDir, now }: { dataDir: string; now: number },
): Promise<string | undefined> {
  if ((await keys.listKeys()).length > 0) return undefined
  const { key } = await keys.createKey({ name: 'first', scopes: [...SCOPES], now })
  const file = join(dataDir, 'first-key')
  writeFileSync(file, `${key}\n`, { mode: 0o600 })
  return file
}
