// Holds the tree against the plan of the house: the top level is as planned, no file names one machine, and the lockfile is whole.
// Pure; check-tree.ts gives it the files that git tracks.
import * as v from 'valibot'
import type { Finding, TextFile } from './finding.ts'

const TOP_FOLDERS = ['edge', 'gpu-node', 'shared', 'migrations', 'runbooks', 'tests', '.ci']
const TOP_FILES = ['package.json', 'package-lock.json', 'wrangler.toml', 'README.md', 'LICENSE', 'CONTRIBUTING.md']
/** Configuration of tools may stand where its tool looks for it. */
const TOOL_FILE = /^(?:\.[\w.-]+|[\w.-]+\.config\.ts|knip\.json|tsconfig(?:\.[\w-]+)?\.json)$/

/** Not inside an address such as https://example.org/work/x, nor inside a longer path. */
const MACHINE_PATH = /(?<![\w.:/-]|[a-z]\/)\/(?:work|root|home\/[a-z][\w-]*)(?:\/[\w.-]|(?=["'`\s)]|$))/g
const REGISTRY =
  /\b(?:registry\.[a-z0-9-]+\.[a-z.]+|[a-z0-9-]+\.(?:jfrog\.io|pkg\.dev)|(?:verdaccio|artifactory|nexus)[.:][\w.:-]+)/gi

const Lock = v.object({
  packages: v.record(v.string(), v.object({ optionalDependencies: v.optional(v.record(v.string(), v.string()), {}) })),
})

export function checkTopLevel(paths: string[]): Finding[] {
  const tops = new Map(paths.map((path) => [path.split('/', 1)[0] ?? '', path.includes('/')]))
  return [...tops]
    .filter(([name, isFolder]) => !(isFolder ? TOP_FOLDERS.includes(name) : isPlannedFile(name)))
    .map(([file]) => ({ file, what: 'is not in the plan of the top level' }))
}

export function findMachineTraces(files: TextFile[]): Finding[] {
  return files.flatMap(({ path, text }) =>
    text.split('\n').flatMap((content, at) => {
      const paths = [...content.matchAll(MACHINE_PATH)].map(([hit]) => `names a path of one machine: ${hit}`)
      const hosts = [...content.matchAll(REGISTRY)].map(([hit]) => `names a package registry: ${hit}`)
      return [...paths, ...hosts].map((what) => ({ file: path, line: at + 1, what }))
    }),
  )
}

/**
 * npm leaves the builds for other machines out of the lockfile when its registry lacks them, and `npm ci` then refuses
 * that lockfile. Each must be listed, if only by version, os and cpu.
 */
export function findLockGaps(files: TextFile[]): Finding[] {
  const lock = files.find(({ path }) => path === 'package-lock.json')
  if (!lock) return []
  const { packages } = v.parse(Lock, JSON.parse(lock.text))
  return Object.entries(packages).flatMap(([path, { optionalDependencies }]) =>
    Object.keys(optionalDependencies)
      .filter((name) => !packages[`node_modules/${name}`] && !packages[`${path}/node_modules/${name}`])
      .map((name) => ({ file: lock.path, what: `does not list ${name}, an optional build that ${path} names` })),
  )
}

function isPlannedFile(name: string): boolean {
  return TOP_FILES.includes(name) || TOOL_FILE.test(name)
}
