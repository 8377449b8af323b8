// What a check found, and how it is told: shared by the checks that this house wrote itself.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** One thing wrong, at a place that an editor can open. */
export interface Finding {
  file: string
  line?: number
  what: string
}

/** A tracked file that is text; `path` is relative to the root. */
export interface TextFile {
  path: string
  text: string
}

/** git's own rule of thumb: a NUL among the first bytes means binary. */
const SNIFFED_BYTES = 8_000

export function listTracked(root: string): string[] {
  const git = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 })
  if (git.status !== 0) throw new Error(`git ls-files failed: ${git.stderr}`)
  return git.stdout.split('\0').filter((path) => path !== '')
}

export function readTextFiles(root: string, paths: string[] = listTracked(root)): TextFile[] {
  return paths.flatMap((path) => {
    const bytes = readIfThere(join(root, path))
    if (!bytes || bytes.subarray(0, SNIFFED_BYTES).includes(0)) return []
    return [{ path, text: bytes.toString('utf8') }]
  })
}

/** Prints the findings and sets the exit code of a check that runs as a program of its own. */
export function report(findings: Finding[], allWell: string): void {
  for (const { file, line, what } of findings) console.log(`${file}${line === undefined ? '' : `:${line}`}: ${what}`)
  if (findings.length === 0) console.log(allWell)
  else process.exitCode = 1
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    // Tracked, but removed in the working tree or a link to a folder: nothing to read.
    return undefined
  }
}
