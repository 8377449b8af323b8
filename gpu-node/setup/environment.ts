// The virtual environment of one engine: whether it has every pinned package at its version, and how it is made. Asks and runs
// Python; knows no engine.
import { execFile, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const LOOK_WITHIN_MS = 30_000
/** Says each installed package as name==version, names as PEP 503 writes them. */
const LIST =
  'import importlib.metadata as m, re\n' +
  'for d in m.distributions(): print(re.sub(r"[-_.]+", "-", d.metadata["Name"]).lower() + "==" + d.version)'
const run = promisify(execFile)

/** Pins of the file that this environment lacks; all of them where there is no environment. Lines for other platforms do not count. */
export async function missingPins(venv: string, requirements: string): Promise<string[]> {
  const pins = pinsOf(await readFile(requirements, 'utf8'))
  try {
    const { stdout } = await run(join(venv, 'bin', 'python'), ['-c', LIST], { timeout: LOOK_WITHIN_MS })
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
  venv: string,
  requirements: string,
  options: readonly string[] = [],
): Promise<void> {
  await step('python3', ['-m', 'venv', venv])
  const pip = ['-m', 'pip', 'install', '--require-hashes', '--no-deps', '--disable-pip-version-check', ...options]
  await step(join(venv, 'bin', 'python'), [...pip, '-r', requirements])
}

async function step(program: string, args: string[]): Promise<void> {
  const child = spawn(program, args, { stdio: ['ignore', 'inherit', 'inherit'] })
  const code = await new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`${program} ${args.slice(0, 3).join(' ')} ended with ${code}`)
}
