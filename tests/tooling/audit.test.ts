// How the answer of `npm audit` is read, and what `check` says of a step that had no answer.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { readAudit } from './audit.ts'
import { endLine, lineOf, type Outcome } from './check-lines.ts'

const answer = (vulnerabilities: Record<string, { severity: string }>) => {
  const count = (severity: string) => Object.values(vulnerabilities).filter((one) => one.severity === severity).length
  const counts = { high: count('high'), critical: count('critical'), total: Object.keys(vulnerabilities).length }
  return JSON.stringify({ auditReportVersion: 2, vulnerabilities, metadata: { vulnerabilities: counts } })
}

describe('audit', () => {
  it('[CHK5] a high or critical hole is named', () => {
    const audit = readAudit(
      answer({ ws: { severity: 'high' }, hono: { severity: 'critical' }, pino: { severity: 'low' } }),
    )
    expect(audit).toEqual({ kind: 'holes', text: '2 known holes: ws (high), hono (critical)' })
  })

  it('[CHK5] lesser holes do not fail', () => {
    expect(readAudit(answer({ pino: { severity: 'moderate' } })).kind).toBe('clean')
  })

  it.each([
    ['a refusal', '{"message":"405 Method Not Allowed","statusCode":405,"error":{"summary":""}}', /HTTP 405/],
    ['a network error', '{"error":{"code":"ENOTFOUND","summary":"getaddrinfo"}}', /does not answer/],
    ['no answer before the deadline', '', /does not answer/],
  ])('[CHK5] skipped with its reason: %s', (_name, stdout, why) => {
    expect(readAudit(stdout)).toMatchObject({ kind: 'skipped', why: expect.stringMatching(why) })
  })

  const outcome = (name: string, exitCode: number | undefined): Outcome => ({
    name,
    exitCode,
    output: 'first\nwhy',
    seconds: 1.25,
    isOwn: true,
  })

  it('[CHK5] a step without an answer is skipped, and is counted as neither passed nor failed', () => {
    const steps = [outcome('lint', 0), outcome('audit', 77), outcome('types', 2), outcome('format', undefined)]
    expect(steps.map(lineOf)).toEqual([
      'ok      lint             1.3 s  why',
      'skipped audit            1.3 s  why',
      'FAIL    types            1.3 s',
      'FAIL    format           1.3 s',
    ])
    expect(endLine(steps)).toBe('check: 1 passed, 2 failed, 1 skipped')
    expect(endLine([outcome('lint', 0)])).toBe('check: 1 passed, 0 failed')
  })

  it('[CHK5] the program says by its exit code that the registry hung up', async () => {
    const registry = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
    onTestFinished(() => void registry.close())
    await once(registry, 'listening')
    const address = `http://127.0.0.1:${(registry.address() as AddressInfo).port}`
    const child = spawn(process.execPath, ['tests/tooling/check-audit.ts'], {
      env: { ...process.env, npm_config_registry: address },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (text) => (said += String(text)))
    expect(await once(child, 'close')).toEqual([77, null])
    expect(said).toMatch(/^the registry does not answer audits/)
  })
})
