// A node as small as can be: runs one engine, until it is killed. Its arguments are the pidfile and the file of the launch
// plan.
import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { systemClock } from '#shared/clock.ts'
import type { LaunchPlan } from '#gpu-node/supervisor/managed-engine.ts'
import { createProcessHost } from '#gpu-node/supervisor/process-host.ts'

const [pidfile = '', plan = ''] = process.argv.slice(2)
const launch = JSON.parse(readFileSync(plan, 'utf8')) as LaunchPlan
const host = createProcessHost({ folder: dirname(pidfile), clock: systemClock, graceMs: 300 })
const running = host.start(basename(pidfile, '.pid'), launch, () => {})
await running.ended
