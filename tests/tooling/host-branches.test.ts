// Plants questions about the host into code that both hosts run.
import { describe, expect, it } from 'vitest'
import { findHostBranches } from './host-branches.ts'

const QUESTIONS = [
  "if (settings.runtime === 'workers') return",
  'if (runtime) close()',
  "const isNode = ports.settings.runtime.startsWith('node')",
  "const wait = 'workers' === settings.runtime ? 1 : 2",
  'return runtime ? one : other',
  'switch (settings.runtime) {',
  'const limit = LIMITS[settings.runtime]',
  "if (navigator.userAgent === 'Cloudflare-Workers') return",
  'const isNode = process.versions?.node !== undefined',
  "if (typeof WebSocketPair === 'function') return",
  "const isNode = typeof process !== 'undefined'",
  "if ('Deno' in globalThis) return",
  'const pair = globalThis.WebSocketPair',
  "import { getRuntimeKey } from 'hono/adapter'",
]
const HARMLESS = [
  '  runtime: string',
  '  runtime?: string',
  'const { version, runtime, startedAt } = ports.settings',
  "// if (runtime === 'workers') was here",
  ' * runtime && more',
  "import { openDatabase } from '#edge/runtime/node/database.ts'",
  'const folder = process.env.DATA_DIR',
  'navigator.mediaDevices.getUserMedia({ audio: true })',
  'if (globalThis.isSecureContext) return',
]

describe('host branches', () => {
  it.each(QUESTIONS)('[CHK10] found: %s', (text) => {
    for (const path of ['edge/http/x.ts', 'edge/session/x.ts', 'edge/web/x.tsx', 'shared/link/x.ts'])
      expect(findHostBranches([{ path, text: `first\n${text}\n` }])).toMatchObject([{ file: path, line: 2 }])
  })

  it.each(HARMLESS)('[CHK10] passed over: %s', (text) => {
    expect(findHostBranches([{ path: 'edge/http/x.ts', text }])).toEqual([])
  })

  it('[CHK10] the folders of the hosts know where they are, and a GPU node and the tests have one host', () => {
    const text = 'const { node } = process.versions'
    const paths = ['edge/runtime/node/x.ts', 'edge/runtime/workers/x.ts', 'gpu-node/x.ts', 'tests/x.ts', 'README.md']
    expect(findHostBranches(paths.map((path) => ({ path, text })))).toEqual([])
  })
})
