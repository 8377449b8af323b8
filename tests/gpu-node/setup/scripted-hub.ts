// A model hub on loopback with the three routes of the real one, and the ways in which downloads go wrong.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** How the next download of a file goes; whole where nothing is left. */
export type Fate = 'cut' | 'wrong' | 'longer' | 'ignoresRange' | 'missing'

export interface ScriptedHub {
  url: string
  /** `path` and the Range header of each download. */
  downloads: string[]
  fates: Fate[]
  /** What main is now. */
  commit: string
  /** Whoever owns the repository puts other bytes under an old name. */
  replace(path: string, content: Buffer): void
  stop(): Promise<void>
}

/** `large` files are known by SHA-256, others as git knows them. */
export async function startHub(
  repo: string,
  files: Record<string, { content: Buffer; large: boolean }>,
): Promise<ScriptedHub> {
  const downloads: string[] = []
  const fates: Fate[] = []
  const held = structuredClone(files)
  const tree = () =>
    Object.entries(held).map(([path, { content, large }]) => ({
      type: 'file',
      path,
      size: content.length,
      oid: createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex'),
      ...(large && { lfs: { oid: createHash('sha256').update(content).digest('hex'), size: content.length } }),
    }))
  const server = createServer((request, response) => {
    const url = request.url ?? ''
    if (url === `/api/models/${repo}/revision/main`) return void response.end(JSON.stringify({ sha: hub.commit }))
    if (new RegExp(`^/api/models/${repo}/tree/(main|[0-9a-f]{40})\\?recursive=true$`).test(url))
      return void response.end(JSON.stringify([{ type: 'directory', path: 'x', oid: 'y' }, ...tree()]))
    const path = decodeURIComponent(url.replace(new RegExp(`^/${repo}/resolve/(main|[0-9a-f]{40})/`), ''))
    const file = held[path]
    if (!file) return void response.writeHead(404).end()
    downloads.push(`${path} ${request.headers.range ?? ''}`.trim())
    send(response, file.content, { range: request.headers.range, fate: fates.shift() })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const hub: ScriptedHub = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    downloads,
    fates,
    commit: 'c'.repeat(40),
    replace(path, content) {
      const large = held[path]?.large ?? false
      held[path] = { content, large }
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
  return hub
}

function send(
  response: ServerResponse,
  content: Buffer,
  { range, fate }: { range: string | undefined; fate: Fate | undefined },
): void {
  if (fate === 'missing') return void response.writeHead(404).end()
  const from = fate === 'ignoresRange' ? 0 : Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0)
  const rest = content.subarray(from)
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length + Number(fate === 'longer') })
  if (fate === 'wrong') return void response.end(Buffer.alloc(rest.length, 'x'))
  if (fate === 'longer') return void response.end(Buffer.concat([rest, Buffer.from('x')]))
  if (fate !== 'cut') return void response.end(rest)
  // Half of it has left before the line breaks.
  response.write(rest.subarray(0, Math.floor(rest.length / 2)), () => response.destroy())
}
