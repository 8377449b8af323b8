// How the answer of `npm audit` is read.
import { describe, expect, it } from 'vitest'
import { readAudit } from './audit.ts'

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
})
