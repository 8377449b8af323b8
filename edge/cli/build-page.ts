// Builds the caller's page where it is missing or older than its sources. Used by `parley start`, and run before a deployment.
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runToEnd } from './run-to-end.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const BUILT = join(ROOT, 'edge/web/dist/index.html')
const SOURCES = ['edge/web', 'shared', 'vite.config.ts', 'package-lock.json']
const VITE = join(ROOT, 'node_modules/vite/bin/vite.js')

/** Resolves with whether it had to be built. */
export async function buildPageIfNeeded(): Promise<boolean> {
  const newest = Math.max(...SOURCES.map((source) => newestIn(join(ROOT, source))))
  if (existsSync(BUILT) && statSync(BUILT).mtimeMs >= newest) return false
  await runToEnd(process.execPath, [VITE, 'build', '--logLevel', 'error'], ROOT)
  return true
}

/** When a file or folder changed last, in epoch milliseconds; `dist` does not count. */
function newestIn(path: string): number {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  const entries = readdirSync(path).filter((name) => name !== 'dist')
  return Math.max(0, ...entries.map((name) => newestIn(join(path, name))))
}

if (import.meta.main) await buildPageIfNeeded()
