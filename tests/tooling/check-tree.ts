// `check` runs this: the top level is as planned, no tracked file speaks of the machine it was written on, .env.example
// lists what is read, the lockfile is whole, and no code that both hosts run asks which of them it is on.
import { checkEnvExample } from './env-example.ts'
import { listTracked, readTextFiles, report } from './finding.ts'
import { findHostBranches } from './host-branches.ts'
import { checkTopLevel, findLockGaps, findMachineTraces } from './tree.ts'

const root = process.argv[2] ?? '.'
const tracked = listTracked(root)
const files = readTextFiles(root, tracked)
const findings = [
  ...checkTopLevel(tracked),
  ...findMachineTraces(files),
  ...checkEnvExample(files),
  ...findLockGaps(files),
  ...findHostBranches(files),
]
report(findings, `${tracked.length} files in their places`)
