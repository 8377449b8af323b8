// Starts the Worker as wrangler.toml describes it, without its settings, and the fixture beside it, on real workerd. Offline: the
// project's environment in vitest.config.ts keeps wrangler from asking anyone. Nothing is left behind after close().
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestHarness } from 'wrangler'
import type { Blobs, Limits } from '#edge/ports.ts'
import type { Metering } from '#edge/store/quotas.ts'
import { type Fault, FaultError } from '#shared/fault.ts'
import { writeConfig } from '#tests/tooling/hosts/workers-host.ts'

/** Both of the fixture's bindings: the object as it is, and one whose state can be made impossible to store. */
type Binding = 'LIMITS' | 'BROKEN'
type Call = { [Method in keyof Limits]: { method: Method; args: Parameters<Limits[Method]> } }[keyof Limits]

export interface Workerd {
  harness: TestHarness
  /** The address of the real Worker. */
  url: string
  /** The port as the fixture has it inside workerd; each call is a request of its own. */
  limits(binding?: Binding): Limits
  /** The port as the fixture has it inside workerd. */
  blobs(): Blobs
  /** Many calls in one request, one after the other. */
  callAll(calls: Call[]): Promise<unknown>
  /** Any method of the Store as it is inside workerd, named by its path: `sessions.openSession`. */
  callStore(method: string, args: unknown[], metering?: Metering): Promise<unknown>
  /** To the fixture, which forwards paths that begin with /do/ to the object as they are. */
  fetchFixture(path: string, init?: { headers: Record<string, string> }): Promise<Response>
  close(): Promise<void>
}

const OBJECTS = [
  { name: 'LIMITS', class_name: 'LimitsObject', script_name: 'parley' },
  { name: 'BROKEN', class_name: 'BrokenLimitsObject' },
]

export async function startWorkerd(variables: Record<string, string> = {}): Promise<Workerd> {
  // Not above: where workerd does not start, already the import may throw, and the tests are to be left out.
  const { createTestHarness } = await import('wrangler')
  const folder = mkdtempSync(join(tmpdir(), 'parley-limits-'))
  const harness = createTestHarness({
    workers: [
      { configPath: writeConfig(folder) },
      {
        config: {
          name: 'fixture',
          main: 'tests/edge/runtime/workers/fixture/worker.ts',
          compatibility_date: '2026-10-01',
          vars: variables,
          durable_objects: { bindings: OBJECTS },
          r2_buckets: [{ binding: 'BLOBS', bucket_name: 'parley-blobs' }],
          migrations: [{ tag: 'v1', new_sqlite_classes: ['BrokenLimitsObject'] }],
        },
      },
    ],
  })
  const { url } = await harness.listen()
  const fixture = harness.getWorker('fixture')
  const call = async (binding: Binding, calls: Call[]): Promise<unknown> => {
    const response = await fixture.fetch('/', { method: 'POST', body: JSON.stringify({ binding, calls }) })
    return read(response)
  }
  const read = async (response: { ok: boolean; json(): Promise<unknown> }): Promise<unknown> => {
    const answer = (await response.json()) as { value?: unknown; fault: Fault; message: string }
    if (response.ok) return answer.value
    throw answer.fault.code === 'internal' ? new Error(answer.message) : new FaultError(answer.fault)
  }
  return {
    harness,
    url: url.href,
    limits: (binding = 'LIMITS') => ({
      take: (...args) => call(binding, [{ method: 'take', args }]) as ReturnType<Limits['take']>,
      mint: (...args) => call(binding, [{ method: 'mint', args }]) as ReturnType<Limits['mint']>,
      burn: (...args) => call(binding, [{ method: 'burn', args }]) as ReturnType<Limits['burn']>,
    }),
    blobs: () =>
      blobsOver(async (path, init) => (await fixture.fetch(path, init as never)) as unknown as Response, read),
    callAll: (calls) => call('LIMITS', calls),
    callStore: async (method, args, metering) =>
      read(await fixture.fetch('/store', { method: 'POST', body: JSON.stringify({ method, args, metering }) })),
    // Miniflare's Response and the platform's are the same class in two packages' types.
    fetchFixture: async (path, init) => (await fixture.fetch(path, init)) as unknown as Response,
    async close() {
      await harness.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

type Ask = (path: string, init: RequestInit & { duplex?: 'half' }) => Promise<Response>

function blobsOver(ask: Ask, read: (response: Response) => Promise<unknown>): Blobs {
  return {
    put: async (hash, body) =>
      read(await ask(`/blobs/${hash}`, { method: 'PUT', body, duplex: 'half' })) as ReturnType<Blobs['put']>,
    head: async (hash) => read(await ask(`/blobs/${hash}`, { method: 'PROPFIND' })) as ReturnType<Blobs['head']>,
    async get(hash, range) {
      const query = range ? `?offset=${range.offset}&length=${range.length}` : ''
      const response = await ask(`/blobs/${hash}${query}`, {})
      return response.ok ? (response.body ?? undefined) : undefined
    },
    delete: async (hash) => void (await read(await ask(`/blobs/${hash}`, { method: 'DELETE' }))),
    sweep: async () => read(await ask('/blobs/', { method: 'POST' })) as Promise<number>,
    putBefore: async (before, prefix) =>
      read(await ask(`/blobs/?before=${before}&prefix=${prefix}`, { method: 'REPORT' })) as ReturnType<
        Blobs['putBefore']
      >,
  }
}
