// The certificate of the edge where it ends TLS itself: read at the start, and again when a file has changed, as renewals by ACME do.
// A pair that does not fit leaves the old one in place. Used by http-server.ts.
import { readFileSync, statSync } from 'node:fs'
import { createSecureContext } from 'node:tls'
import type { Clock } from '#shared/clock.ts'
import { invalid } from '#shared/fault.ts'
import type { Log } from '#shared/log.ts'

export interface TlsFiles {
  certFile: string
  keyFile: string
}
export interface TlsPair {
  cert: Buffer
  key: Buffer
}

/** Certificates are renewed weeks before they end; a minute is soon. */
export const LOOK_EVERY_MS = 60_000

/** Throws FaultError invalid_message for files that cannot be read or are no pair. */
export function readTlsPair({ certFile, keyFile }: TlsFiles): TlsPair {
  try {
    const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) }
    createSecureContext(pair)
    return pair
  } catch (cause) {
    const issues = ['TLS_CERT, TLS_KEY: must be files with a certificate (PEM) and its key']
    throw invalid(issues, { cause })
  }
}

/** Returns how to stop. */
export function watchTlsPair(
  files: TlsFiles,
  { clock, log, onChange }: { clock: Clock; log: Log; onChange: (pair: TlsPair) => void },
): () => void {
  let known = stampOf(files)
  return clock.every(LOOK_EVERY_MS, () => {
    const stamp = stampOf(files)
    if (stamp === known || stamp === undefined) return
    known = stamp
    try {
      onChange(readTlsPair(files))
      log.info({}, 'took a new certificate')
    } catch (error) {
      log.error({ error }, 'the new certificate cannot be used; the old one stays')
    }
  })
}

/** Undefined in the moment in which a file is being replaced. */
function stampOf({ certFile, keyFile }: TlsFiles): string | undefined {
  try {
    return [certFile, keyFile].map((file) => statSync(file).mtimeMs).join()
  } catch {
    return undefined
  }
}
