// The edge on Node where it ends TLS itself, with certificates that openssl makes.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Hono } from 'hono'
import { openHttpServer } from '#edge/runtime/node/http-server.ts'
import { LOOK_EVERY_MS, readTlsPair } from '#edge/runtime/node/tls.ts'
import { silentLog } from '#shared/log.ts'
import { createVirtualClock } from '#tests/fakes/virtual-clock.ts'

describe('TLS on the edge itself', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'parley-tls-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function certify(name: string): { certFile: string; keyFile: string } {
    const files = { certFile: join(folder, `${name}.pem`), keyFile: join(folder, `${name}.key`) }
    const subject = ['-subj', `/CN=${name}`, '-days', '2', '-nodes']
    const out = ['-keyout', files.keyFile, '-out', files.certFile]
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
    execFileSync('openssl', ['req', '-x509', ...key, ...subject, ...out], { stdio: 'ignore' })
    return files
  }
  /** The common name of the certificate that a new connection is shown, and the answer's HSTS. */
  const seen = (url: string) =>
    new Promise<{ name: string; body: string }>((resolve, reject) => {
      request(url, { rejectUnauthorized: false, agent: false }, (response) => {
        const { subject } = (response.socket as TLSSocket).getPeerCertificate()
        response.setEncoding('utf8').on('data', (body: string) => resolve({ name: String(subject.CN), body }))
      })
        .once('error', reject)
        .end()
    })

  it('[FRO8] it answers by TLS, and shows a renewed certificate to new connections; a broken one it does not take', async () => {
    const files = certify('first')
    const clock = createVirtualClock()
    const fetch: Hono['fetch'] = (asked) => new Response(new URL(asked.url).protocol)
    const server = await openHttpServer(fetch, { host: '127.0.0.1', port: 0, clock, log: silentLog, tls: files })
    expect(server.url).toMatch(/^https:/)
    expect(await seen(server.url)).toEqual({ name: 'first', body: 'https:' })
    const renewed = certify('second')
    const put = (from: { certFile: string; keyFile: string }, at: number) => {
      for (const which of ['certFile', 'keyFile'] as const) {
        writeFileSync(files[which], readFileSync(from[which]))
        utimesSync(files[which], at, at)
      }
    }
    put(renewed, 2_000_000_000)
    await clock.advance(LOOK_EVERY_MS)
    expect((await seen(server.url)).name).toBe('second')
    writeFileSync(files.certFile, 'no certificate')
    utimesSync(files.certFile, 2_000_000_001, 2_000_000_001)
    await clock.advance(LOOK_EVERY_MS)
    expect((await seen(server.url)).name).toBe('second')
    await server.close()
  })

  it('[FRO8] files that are no pair are refused by the names of their variables', () => {
    const [one, other] = [certify('one'), certify('other')]
    const mixed = { certFile: one.certFile, keyFile: other.keyFile }
    for (const files of [mixed, { ...one, certFile: join(folder, 'none') }])
      expect(() => readTlsPair(files)).toThrow(expect.objectContaining({ fault: expect.anything() }))
  })
})
