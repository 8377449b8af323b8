// The virtual environment of one engine: whether it is of the right Python and has every pinned package at its version, and how it is
// made. Asks and runs Python; knows no engine.
import { execFile, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { PythonNeed } from '#gpu-node/config/needs.ts'
import { adviceFor, findPython, fitsPython, pythonName, pythonVersion } from './python.ts'

const LOOK_WITHIN_MS = 30_000
/** Says each installed package as name==version, names as PEP 503 writes them. */
const LIST =
  'import importlib.metadata as m, re\n' +
  'for d in m.distributions(): print(re.sub(r"[-_.]+", "-", d.metadata["Name"]).lower() + "==" + d.version)'
const run = promisify(execFile)

export interface EnvironmentNeed {
  venv: string
  requirements: string
  python: PythonNeed
}

/**
 * Pins of the file that this environment lacks; all of them where there is no environment, or one of another Python. Lines for other
 * platforms do not count.
 */
export async function missingPins({ venv, requirements, python }: EnvironmentNeed): Promise<string[]> {
  const pins = pinsOf(await readFile(requirements, 'utf8'))
  if (!fitsPython(python, await pythonVersion(programOf(venv)))) return pins
  try {
    const { stdout } = await run(programOf(venv), ['-c', LIST], { timeout: LOOK_WITHIN_MS })
    const installed = new Set(stdout.trim().split('\n'))
    return pins.filter((pin) => !installed.has(pin))
  } catch {
    return pins
  }
}

/** Pins without a condition: those that every machine needs. */
export function pinsOf(requirements: string): string[] {
  return requirements.split('\n').flatMap((line) => {
    const [, name = '', version = '', rest = ''] = /^([A-Za-z0-9._-]+)==([^\s;\\]+)(.*)$/.exec(line) ?? []
    return name === '' || rest.includes(';') ? [] : [`${name.replaceAll(/[-_.]+/g, '-').toLowerCase()}==${version}`]
  })
}

/** Makes it and installs what the file pins; pip's own words go to the terminal. Throws where a step fails. */
export async function makeEnvironment(
  { venv, requirements, python }: EnvironmentNeed,
  options: readonly string[] = [],
): Promise<void> {
  const found = await findPython(python)
  if (!found) throw new Error(`no Python ${pythonName(python)} is found: ${adviceFor(python)}`)
  // One of another Python cannot be repaired, only made anew.
  const clear = fitsPython(python, await pythonVersion(programOf(venv))) ? [] : ['--clear']
  await step(found.program, ['-m', 'venv', ...clear, venv])
  const pip = ['-m', 'pip', 'install', '--require-hashes', '--no-deps', '--disable-pip-version-check', ...options]
  await step(programOf(venv), [...pip, '-r', requirements])
}

const programOf = (venv: string): string => join(venv, 'bin', 'python')

async function step(program: string, args: string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`${program} ${args.slice(0, 3).join(' ')} ended with ${code}`)
}
