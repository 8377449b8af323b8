// `check` runs this: no dependency has a known hole of high severity. A registry that does not answer the question
// (offline, or a mirror without audit) is reported as skipped: it says nothing about the packages.
import { spawnSync } from 'node:child_process'
import { readAudit } from './audit.ts'

/** A registry that has not answered by then is as good as absent. */
const AUDIT_TIMEOUT_MS = 60_000

const npm = spawnSync('npm', ['audit', '--audit-level=high', '--json', '--fetch-retries=0', '--loglevel=silent'], {
  encoding: 'utf8',
  timeout: AUDIT_TIMEOUT_MS,
  maxBuffer: 64 * 1024 * 1024,
})
const audit = readAudit(npm.stdout ?? '')
if (audit.kind === 'holes') process.exitCode = 1
console.log(audit.kind === 'skipped' ? `skipped: ${audit.why}` : audit.text)
