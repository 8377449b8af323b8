// `check` runs this: the top level is as planned, no tracked file speaks of the machine it was written on, .env.example
// lists what is read, and the lockfile is whole.
import { checkEnvExample } from './env-example.ts'
import { listTracked, readTextFiles, report } from './finding.ts'
import { checkTopLevel, findLockGaps, findMachineTraces } from './tree.ts'

const root = process.argv[2] ?? '.'
const tracked = listTracked(root)
const files = readTextFiles(root, tracked)
const findings = [
  ...checkTopLevel(tracked),
  ...findMachineTraces(files),
  ...checkEnvExample(files),
  ...findLockGaps(files),
]
report(findings, `${tracked.length} files in their places`)
