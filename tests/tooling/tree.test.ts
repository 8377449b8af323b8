// The plan of the top level and the search for traces of one machine.
import { describe, expect, it } from 'vitest'
import { checkTopLevel, findLockGaps, findMachineTraces } from './tree.ts'

const home = (path: string) => `/${path}`
const TRACES = [
  `const folder = '${home('work/main')}'`,
  `see ${home('root/.npm')}`,
  `cd ${home('home/alice')} && ls`,
  `"resolved": "https://registry.${'npmjs'}.org/ws/-/ws-8.0.0.tgz"`,
  `npm config set registry http://${'verdaccio'}:4873`,
]
const HARMLESS = [
  'edge/root/x.ts',
  'https://example.org/work/1',
  '/workers',
  'a piece of work/play',
  './home/x',
  'GET /api/home',
]

describe('tree', () => {
  it('[CHK4] what the plan names may stand at the top, and nothing else', () => {
    const planned = [
      'package.json',
      'README.md',
      '.oxlintrc.json',
      'vite.config.ts',
      'tsconfig.workers.json',
      'knip.json',
    ]
    expect(checkTopLevel([...planned, 'edge/app.ts', '.ci/run'])).toEqual([])
    const strange = ['scripts/build.ts', 'notes.txt', 'src/a.ts', 'src/b.ts', 'start.ts']
    expect(checkTopLevel(strange).map(({ file }) => file)).toEqual(['scripts', 'notes.txt', 'src', 'start.ts'])
  })

  it.each(TRACES)('[CHK4] found: %s', (text) => {
    expect(findMachineTraces([{ path: 'a.md', text: `first\n${text}\n` }])).toMatchObject([{ file: 'a.md', line: 2 }])
  })

  it.each(HARMLESS)('[CHK4] passed over: %s', (text) => {
    expect(findMachineTraces([{ path: 'a.md', text }])).toEqual([])
  })

  it('[CHK9] an optional build that the lockfile names and does not list is found', () => {
    const lock = (packages: object) => [{ path: 'package-lock.json', text: JSON.stringify({ packages }) }]
    const tool = { optionalDependencies: { 'tool-win32-x64': '1.0.0' } }
    expect(findLockGaps(lock({ 'node_modules/tool': tool }))).toHaveLength(1)
    expect(findLockGaps(lock({ 'node_modules/tool': tool, 'node_modules/tool-win32-x64': {} }))).toEqual([])
  })
})
