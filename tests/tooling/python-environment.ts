// A virtual environment of Python in a folder that git ignores, made of parts: each is a list of pinned packages that is whole, so
// nothing is resolved. Whether a part is there and of today's list, and how it is made. Used by engines-environment.ts and
// peers-environment.ts.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runHeld } from './held-program.ts'

export class PythonEnvironment<Part extends string> {
  readonly folder: string
  readonly python: string
  readonly #lists: Record<Part, string>

  /** `lists`: the file of each part. */
  constructor(folder: string, lists: Record<Part, string>) {
    this.folder = folder
    this.python = join(folder, 'bin', 'python')
    this.#lists = lists
  }

  has(part: Part): boolean {
    const stamp = this.#stampOf(part)
    return existsSync(stamp) && readFileSync(stamp, 'utf8') === this.#hashOf(part)
  }

  /** Begins anew, with no part. `usesSystem`: packages of the machine's own Python count. */
  create(python: string, usesSystem = false): Promise<boolean> {
    rmSync(this.folder, { recursive: true, force: true })
    return run(python, ['-m', 'venv', ...(usesSystem ? ['--system-site-packages'] : []), this.folder])
  }

  /** Installs all of a part but what `except` matches. */
  async install(part: Part, except?: RegExp): Promise<boolean> {
    const wanted = readFileSync(this.#lists[part], 'utf8').split('\n')
    const file = join(this.folder, `requirements-${part}.txt`)
    writeFileSync(file, wanted.filter((line) => !except?.test(line)).join('\n'))
    // No cache is kept of gigabytes that are unpacked already.
    const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-cache-dir', '-r', file]
    if (!(await run(this.python, args, 'inherit'))) return false
    writeFileSync(this.#stampOf(part), this.#hashOf(part))
    return true
  }

  /** Written last, so that an interrupted part is made again. */
  #stampOf(part: Part): string {
    return join(this.folder, `made-${part}`)
  }

  #hashOf(part: Part): string {
    return createHash('sha256').update(readFileSync(this.#lists[part])).digest('hex')
  }
}

export async function run(command: string, args: string[], output: 'ignore' | 'inherit' = 'ignore'): Promise<boolean> {
  return (await runHeld(command, args, { output })) === 0
}
