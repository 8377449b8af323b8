// A node that is gone in the middle of an upload, to an edge on Node: nothing stays, and nothing is logged as our error.
import { readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createRecordingLog } from '#tests/fakes/recording-log.ts'
import { startTestEdge } from '#tests/edge/http/test-edge.ts'

it('[BLB2] a node that hangs up in the middle of a body leaves nothing, and no error in the log', async () => {
  const { log, lines } = createRecordingLog()
  const edge = await startTestEdge({}, { log })
  const { token } = await edge.store.nodes.addNode({ name: 'box', now: Date.now() })
  const incoming = (): string[] => readdirSync(join(edge.dataDir, 'blobs', 'incoming'))
  const { hostname, port } = new URL(edge.url)
  const socket = connect(Number(port), hostname)
  const head = [`PUT /node/blobs/${'a'.repeat(64)} HTTP/1.1`, `host: ${hostname}`, `authorization: Bearer ${token}`]
  socket.write(`${[...head, 'content-length: 1000000'].join('\r\n')}\r\n\r\n`)
  socket.write(new Uint8Array(10_000))
  await expect.poll(incoming, { interval: 10 }).toHaveLength(1)
  socket.destroy()
  await expect.poll(incoming, { interval: 10 }).toEqual([])
  await edge.close()
  expect(lines.filter(({ level }) => level === 'error')).toEqual([])
  // It was refused as what it is, not as a bug.
  expect(lines.filter(({ message }) => message === 'a request was refused')).toMatchObject([
    { facts: { fault: { code: 'invalid_message', issues: ['body: it broke off'] } } },
  ])
})
