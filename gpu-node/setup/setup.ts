// `npm run gpu-node -- setup`: makes the virtual environments of the file's engines and puts their models in place. Each step says what
// it does, is skipped where it is done, and may be run again at any time. Resolves with the exit code.
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import type { EngineNeeds } from '#gpu-node/config/needs.ts'
import { readEnginesPlan } from '#gpu-node/config/node-config.ts'
import { faultOf } from '#shared/fault.ts'
import { loadDotEnv } from '#shared/on-node/config.ts'
import { makeEnvironment, missingPins } from './environment.ts'
import { ModelLock } from './model-lock.ts'
import { setUpModel, wordsOf } from './model-files.ts'
import { pythonName } from './python.ts'

const HUB = 'https://huggingface.co'
/** Read when it is asked: .env is part of it only then. */
const hubOf = (environment: NodeJS.ProcessEnv): string => (environment['HF_ENDPOINT'] || HUB).replace(/\/+$/, '')

export interface SetupOptions {
  /** Set up only the engine of this name. */
  only?: string | undefined
  /** Only say what would be done. */
  dryRun: boolean
  /** HF_ENDPOINT of the environment, or Hugging Face, without it. */
  hub?: string
  /** More words for pip, such as an index of one's own. */
  pipOptions?: readonly string[]
}

/** Runs setup, and prints what is wrong in the file. */
export async function setUpOrSay(options: SetupOptions): Promise<number> {
  loadDotEnv()
  try {
    return await setup(options)
  } catch (error) {
    const fault = faultOf(error)
    if (fault.code !== 'invalid_message') throw error
    for (const issue of fault.issues) console.error(issue)
    return 1
  }
}

export async function setup(options: SetupOptions, environment: NodeJS.ProcessEnv = process.env): Promise<number> {
  const { engines: plan, file } = readEnginesPlan(environment)
  const { engines } = plan
  const wanted = engines.flatMap((engine) =>
    engine.kind === 'managed' && engine.needs ? [{ ...engine, needs: engine.needs }] : [],
  )
  const chosen = wanted.filter(({ name }) => options.only === undefined || name === options.only)
  if (chosen.length === 0) {
    console.error(
      wanted.length === 0
        ? 'gpu-node.toml names no engine that setup knows: copy gpu-node/gpu-node.example.toml to gpu-node.toml first'
        : `--only: must be one of ${wanted.map(({ name }) => name).join(', ')}`,
    )
    return 1
  }
  const lock = ModelLock.open(file)
  const hub = options.hub ?? hubOf(environment)
  let failed = 0
  let voiceless = 0
  for (const { name, needs, server } of chosen) {
    console.log(`${name}`)
    failed += Number(!(await setUpEnvironment(needs, options)))
    for (const model of needs.models)
      failed += Number(!(await setUpModel(model, { hub, lock, dryRun: options.dryRun })))
    voiceless += Number(!(await lookForVoice(needs, server.voice)))
  }
  console.log(`\n${lastWords(failed, voiceless)}`)
  return failed + voiceless === 0 ? 0 : 1
}

function lastWords(failed: number, voiceless: number): string {
  if (failed > 0) return `not done: ${failed} steps failed; run setup again, it goes on`
  if (voiceless > 0) return 'all that setup can do is done; the missing recording is yours to put there'
  return 'done; look with: npm run gpu-node -- check'
}

async function setUpEnvironment(needs: EngineNeeds, { dryRun, pipOptions }: SetupOptions): Promise<boolean> {
  const { venv, requirements, python } = needs
  const missing = await missingPins(needs)
  if (missing.length === 0) return said(`  environment ${venv}: whole`)
  if (dryRun)
    return said(`  environment ${venv}: would install ${missing.length} packages of ${basename(requirements)}`)
  console.log(`  environment ${venv}: installing ${missing.length} packages of ${basename(requirements)} …`)
  try {
    await makeEnvironment(needs, pipOptions)
    return said(`  environment ${venv}: whole`)
  } catch (error) {
    console.error(`  environment ${venv}: ${wordsOf(error)}`)
    console.error(
      `  by hand, with Python ${pythonName(python)}: python3.${python.minor} -m venv ${venv} && ${venv}/bin/pip install --require-hashes --no-deps -r ${requirements}`,
    )
    return false
  }
}

/** Setup fetches no voice: it is somebody's, and its owner puts it there. */
async function lookForVoice({ voices }: EngineNeeds, id: string | undefined): Promise<boolean> {
  if (voices === undefined || id === undefined) return true
  const missing = ['wav', 'txt'].map((kind) => join(voices, `${id}.${kind}`)).filter((file) => !existsSync(file))
  if (missing.length === 0) return said(`  voice ${id}: there`)
  console.error(`  voice ${id}: missing ${missing.join(' and ')}: 1 to 12 s of speech (PCM16), and its words`)
  return false
}

function said(words: string): true {
  console.log(words)
  return true
}
