// `check` runs this: no dependency has a known hole of high severity. A registry that does not answer the question
// (offline, or a mirror without audit) makes the step `skipped`: nothing is known about the packages.
import { spawnSync } from 'node:child_process'
import { readAudit } from './audit.ts'
import { EXIT_SKIPPED } from './check-lines.ts'

/** A registry that has not answered by then is as good as absent. */
const AUDIT_TIMEOUT_MS = 60_000

const npm = spawnSync('npm', ['audit', '--audit-level=high', '--json', '--fetch-retries=0', '--loglevel=silent'], {
  encoding: 'utf8',
  timeout: AUDIT_TIMEOUT_MS,
  maxBuffer: 64 * 1024 * 1024,
})
const audit = readAudit(npm.stdout ?? '')
const EXIT_CODES = { clean: 0, holes: 1, skipped: EXIT_SKIPPED }
process.exitCode = EXIT_CODES[audit.kind]
console.log(audit.kind === 'skipped' ? audit.why : audit.text)
