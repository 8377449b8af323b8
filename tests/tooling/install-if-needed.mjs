// Brings node_modules in line with the lockfile before a script runs; every `pre…` script of package.json calls it.
// Plain JavaScript, because on a fresh clone it runs on the host's Node (20 or newer), before anything is installed.
import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createHash } from 'node:crypto'
import { delimiter, join, sep } from 'node:path'
import { pathToFileURL } from 'node:url'

const OLDEST_HOST_NODE = 20
const OWN_NODE = 24
/** Longer than any install that still works; an older lock belongs to nobody. */
const LOCK_WAIT_MS = 10 * 60_000
const LOCK_POLL_MS = 500

/**
 * The packages that the lockfile wants and node_modules lacks. npm writes what it installed to
 * node_modules/.package-lock.json; comparing contents, not dates, spares an install after each `git checkout`.
 */
export function missingPackages(root) {
  const wanted = readPackages(join(root, 'package-lock.json'))
  const installed = readPackages(join(root, 'node_modules', '.package-lock.json'))
  return Object.keys(wanted).filter((path) => {
    const { optional, devOptional, link, version } = wanted[path]
    // Optional packages are the builds for other machines; npm leaves them out by itself.
    if (path === '' || optional || devOptional || link) return false
    return installed[path]?.version !== version
  })
}

function readPackages(file) {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).packages ?? {}) : {}
}

function isReady(root) {
  return missingPackages(root).length === 0 && ownNodeMajor(root) >= OWN_NODE
}

function ownNodeMajor(root) {
  const answer = spawnSync(join(root, 'node_modules', '.bin', 'node'), ['--version'], { encoding: 'utf8' })
  return Number(/^v(\d+)/.exec(answer.stdout ?? '')?.[1] ?? 0)
}

function install(root) {
  console.log('installing packages (npm ci) …')
  // npm removes node_modules first, so neither npm nor what it runs may come from there.
  const path = (process.env.PATH ?? '').split(delimiter).filter((dir) => !dir.endsWith(`node_modules${sep}.bin`))
  const { npm_config_omit: _omit, NODE_ENV: _env, ...rest } = process.env
  const env = { ...rest, PATH: path.join(delimiter) }
  const done = spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    env,
    stdio: 'inherit',
  })
  if (done.status !== 0) throw new Error(`npm ci failed (${done.error?.message ?? `exit code ${done.status}`})`)
  if (ownNodeMajor(root) < OWN_NODE)
    throw new Error(
      `node_modules/.bin/node is not Node ${OWN_NODE}: allow the package "node" to run its install script`,
    )
}

/** Two scripts started at once on a fresh clone must not install over each other: the second waits for the first. */
async function withLock(root, run) {
  const lock = join(tmpdir(), `parley-install-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.lock`)
  const until = Date.now() + LOCK_WAIT_MS
  while (!takeLock(lock)) {
    if (Date.now() > until) throw new Error(`another install has held ${lock} for ${LOCK_WAIT_MS / 60_000} minutes`)
    await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS))
  }
  try {
    run()
  } finally {
    rmSync(lock, { force: true })
  }
}

function takeLock(lock) {
  try {
    const file = openSync(lock, 'wx', 0o600)
    writeSync(file, String(process.pid))
    closeSync(file)
    return true
  } catch (error) {
    if (error.code !== 'EEXIST') throw error
    if (!isHeld(lock)) rmSync(lock, { force: true })
    return false
  }
}

function isHeld(lock) {
  try {
    const owner = Number(readFileSync(lock, 'utf8'))
    // Empty for the moment between its making and its writing: then somebody holds it.
    if (owner) process.kill(owner, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

async function main(root) {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_HOST_NODE)
    throw new Error(`Parley needs Node ${OLDEST_HOST_NODE} or newer, this is ${process.version}`)
  if (isReady(root)) return
  await withLock(root, () => {
    if (!isReady(root)) install(root)
  })
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(process.cwd()).catch((error) => {
    console.error(`cannot install: ${error.message}`)
    process.exitCode = 1
  })
}
