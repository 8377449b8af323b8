// The virtual environment of the Python workers' tests: whether it is there and of today's requirements, and how it is
// made. Two parts: what every test needs, and F5-TTS with torch, which is large and may fail by itself.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runHeld } from './held-program.ts'

const FOLDER = '.venv-engines'
const PYTHON = join(FOLDER, 'bin', 'python')
const PARTS = {
  base: 'tests/gpu-node/engines/python/requirements-test.txt',
  f5: 'tests/gpu-node/engines/python/requirements-test-f5.txt',
}
type Part = keyof typeof PARTS

/** Packages that a machine's own torch brings. */
const TORCH = /^(?:torch|torchaudio|triton|nvidia-|cuda-)/

export interface EnginesEnvironment {
  python: string
  hasF5: boolean
}

/** The environment, if its first part was made whole from today's requirements. */
export function findEngines(): EnginesEnvironment | undefined {
  return isMade('base') ? { python: PYTHON, hasF5: isMade('f5') } : undefined
}

/** Makes what is missing. Says what it does; returns whether all of it is there. */
export async function makeEngines(python: string, isF5Wanted: boolean): Promise<boolean> {
  const usesOwnTorch = isF5Wanted && (await run(python, ['-c', 'import torch, torchaudio']))
  if (!isMade('base')) {
    rmSync(FOLDER, { recursive: true, force: true })
    console.log(`making ${FOLDER} …`)
    if (!(await run(python, ['-m', 'venv', ...(usesOwnTorch ? ['--system-site-packages'] : []), FOLDER]))) return false
    if (!(await install('base', false))) return false
  }
  if (!isF5Wanted || isMade('f5')) return true
  console.log(`adding F5-TTS to ${FOLDER}${usesOwnTorch ? ', with the torch of this machine' : ': 2 GB to download'} …`)
  return install('f5', usesOwnTorch)
}

async function install(part: Part, usesOwnTorch: boolean): Promise<boolean> {
  const wanted = readFileSync(PARTS[part], 'utf8').split('\n')
  const file = join(FOLDER, `requirements-${part}.txt`)
  writeFileSync(file, wanted.filter((line) => !(usesOwnTorch && TORCH.test(line))).join('\n'))
  // Each list is whole, so nothing is resolved; and no cache is kept of gigabytes that are unpacked already.
  const args = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--no-cache-dir', '-r', file]
  if (!(await run(PYTHON, args, 'inherit'))) return false
  writeFileSync(stampOf(part), hashOf(part))
  return true
}

/** Written last, so that an interrupted part is made again. */
const stampOf = (part: Part): string => join(FOLDER, `made-${part}`)
const hashOf = (part: Part): string => createHash('sha256').update(readFileSync(PARTS[part])).digest('hex')
const isMade = (part: Part): boolean =>
  existsSync(stampOf(part)) && readFileSync(stampOf(part), 'utf8') === hashOf(part)

async function run(command: string, args: string[], output: 'ignore' | 'inherit' = 'ignore'): Promise<boolean> {
  return (await runHeld(command, args, { output })) === 0
}
