// An S3-compatible store in memory: PUT, GET, DELETE and lists of two names a page. It holds each request to a signature and to the hash
// of its body.
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

const PAGE = 2

export interface S3Server {
  url: string
  objects: Map<string, Buffer>
  close(): Promise<void>
}

export async function startS3Server(keyId: string): Promise<S3Server> {
  const objects = new Map<string, Buffer>()
  const server = createServer((request, response) => void answer(request, response, { objects, keyId }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    objects,
    async close() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  { objects, keyId }: { objects: Map<string, Buffer>; keyId: string },
): Promise<void> {
  const body = Buffer.concat(await request.toArray())
  const { pathname, searchParams } = new URL(request.url ?? '', 'http://s3')
  const say = (status: number, text: string | Buffer = ''): void => void response.writeHead(status).end(text)
  if (!request.headers.authorization?.includes(`Credential=${keyId}/`)) return say(403)
  if (searchParams.has('list-type')) {
    const after = searchParams.get('continuation-token') ?? ''
    const names = [...objects.keys()].sort().filter((name) => name > after)
    const page = names.slice(0, PAGE)
    const more = names.length > PAGE ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''
    const prefix = `${pathname.slice(1)}/`
    return say(200, `<L>${page.map((name) => `<Key>${name.slice(prefix.length)}</Key>`).join('')}${more}</L>`)
  }
  const name = pathname.slice(1)
  if (request.method === 'PUT') {
    const hash = createHash('sha256').update(body).digest('hex')
    if (request.headers['x-amz-content-sha256'] !== hash) return say(400)
    objects.set(name, body)
    return say(200)
  }
  if (request.method === 'DELETE') return say(objects.delete(name) ? 204 : 404)
  const found = objects.get(name)
  return found ? say(200, found) : say(404)
}
