// The virtual environment of the Python workers' tests. Two parts: what every test needs, and F5-TTS with torch, which is large and
// may fail by itself.
import { PythonEnvironment, run } from './python-environment.ts'

const ENVIRONMENT = new PythonEnvironment('.venv-engines', {
  base: 'tests/gpu-node/engines/python/requirements-test.txt',
  f5: 'tests/gpu-node/engines/python/requirements-test-f5.txt',
})

/** Packages that a machine's own torch brings. */
const TORCH = /^(?:torch|torchaudio|triton|nvidia-|cuda-)/

export interface EnginesEnvironment {
  python: string
  hasF5: boolean
}

/** The environment, if its first part was made whole from today's requirements. */
export function findEngines(): EnginesEnvironment | undefined {
  return ENVIRONMENT.has('base') ? { python: ENVIRONMENT.python, hasF5: ENVIRONMENT.has('f5') } : undefined
}

/** Makes what is missing. Says what it does; returns whether all of it is there. */
export async function makeEngines(python: string, isF5Wanted: boolean): Promise<boolean> {
  const { folder } = ENVIRONMENT
  const usesOwnTorch = isF5Wanted && (await run(python, ['-c', 'import torch, torchaudio']))
  if (!ENVIRONMENT.has('base')) {
    console.log(`making ${folder} …`)
    if (!(await ENVIRONMENT.create(python, usesOwnTorch)) || !(await ENVIRONMENT.install('base'))) return false
  }
  if (!isF5Wanted || ENVIRONMENT.has('f5')) return true
  console.log(`adding F5-TTS to ${folder}${usesOwnTorch ? ', with the torch of this machine' : ': 2 GB to download'} …`)
  return ENVIRONMENT.install('f5', usesOwnTorch ? TORCH : undefined)
}
