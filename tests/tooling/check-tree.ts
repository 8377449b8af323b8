// `check` runs this: the top level is as planned, and no tracked file speaks of the machine it was written on.
import { listTracked, readTextFiles, report } from './finding.ts'
import { checkTopLevel, findMachineTraces } from './tree.ts'

const root = process.argv[2] ?? '.'
const tracked = listTracked(root)
const findings = [...checkTopLevel(tracked), ...findMachineTraces(readTextFiles(root, tracked))]
report(findings, `${tracked.length} files in their places`)
