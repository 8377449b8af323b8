// Finds an interpreter that an engine's pinned packages are made for, among those of PATH and of pyenv. Each is asked for its version: a
// program of the right name may be a shim with nothing behind it.
import { execFile } from 'node:child_process'
import { globSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PythonNeed } from '#gpu-node/config/needs.ts'

const ANSWER_WITHIN_MS = 10_000
/** The newest that is looked for by its own name. */
const NEWEST_MINOR = 15
const VERSION = 'import platform; print(platform.python_version())'
const run = promisify(execFile)

/** "3.12" or "3.11 or newer". */
export const pythonName = ({ minor, isExact }: PythonNeed): string => `3.${minor}${isExact ? '' : ' or newer'}`

export const fitsPython = ({ minor, isExact }: PythonNeed, version: string | undefined): boolean => {
  const [major, own] = (version ?? '').split('.').map(Number)
  return major === 3 && own !== undefined && (isExact ? own === minor : own >= minor)
}

/** What to do where none is found. */
export function adviceFor(need: PythonNeed): string {
  return `install Python ${pythonName(need)} with venv: apt-get install python3.${need.minor} python3.${need.minor}-venv, or pyenv install 3.${need.minor}`
}

/** A program and its version; undefined where there is none. `python3` comes first. */
export async function findPython(
  need: PythonNeed,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<{ program: string; version: string } | undefined> {
  for (const program of candidates(need, environment)) {
    const version = await pythonVersion(program, environment)
    if (version !== undefined && fitsPython(need, version)) return { program, version }
  }
  return undefined
}

/** Undefined where it is missing, fails or hangs. */
export async function pythonVersion(
  program: string,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<string | undefined> {
  return run(program, ['-c', VERSION], { timeout: ANSWER_WITHIN_MS, env: environment }).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  )
}

function candidates({ minor, isExact }: PythonNeed, environment: NodeJS.ProcessEnv): string[] {
  const minors = isExact ? [minor] : Array.from({ length: NEWEST_MINOR - minor + 1 }, (_, i) => minor + i)
  const { PYENV_ROOT: root, HOME: home } = environment
  const pyenv = root ?? (home === undefined ? undefined : join(home, '.pyenv'))
  const own = (each: number): string[] =>
    pyenv === undefined ? [] : globSync(join(pyenv, 'versions', `3.${each}.*`, 'bin', 'python3'))
  return ['python3', ...minors.map((each) => `python3.${each}`), ...minors.flatMap(own)]
}
