// A node as small as can be: runs one engine, whose launch plan it is given on stdin, until it is killed. Its one argument is
// the pidfile.
import { basename, dirname } from 'node:path'
import { json } from 'node:stream/consumers'
import { systemClock } from '#shared/clock.ts'
import type { LaunchPlan } from '#gpu-node/supervisor/managed-engine.ts'
import { createProcessHost } from '#gpu-node/supervisor/process-host.ts'

const [pidfile = ''] = process.argv.slice(2)
const launch = (await json(process.stdin)) as LaunchPlan
const host = createProcessHost({ folder: dirname(pidfile), clock: systemClock, graceMs: 300 })
const running = host.start(basename(pidfile, '.pid'), launch, () => {})
await running.ended
