// The address of the edge that runs with a data folder, in a file of that folder: written by the edge's programs once they
// serve, removed when they end, and read by the command line, so that nobody has to name an edge that runs here.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const fileIn = (dataDir: string): string => join(dataDir, 'edge-address')

/** Returns how to remove it again. */
export function writeEdgeAddress(dataDir: string, url: string): () => void {
  writeFileSync(fileIn(dataDir), `${url}\n`, { mode: 0o600 })
  return () => rmSync(fileIn(dataDir), { force: true })
}

/** After a crash it may be of an edge that is gone. */
export function readEdgeAddress(dataDir: string): string | undefined {
  const file = fileIn(dataDir)
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined
}
