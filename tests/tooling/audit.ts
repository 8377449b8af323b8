// Reads what `npm audit --json` wrote. Pure.
import * as v from 'valibot'

const Answer = v.object({
  metadata: v.object({ vulnerabilities: v.object({ high: v.number(), critical: v.number(), total: v.number() }) }),
  vulnerabilities: v.record(v.string(), v.object({ severity: v.string() })),
})
const Refusal = v.object({ message: v.optional(v.string()), statusCode: v.optional(v.number()) })

export type Audit = { kind: 'clean'; text: string } | { kind: 'holes'; text: string } | { kind: 'skipped'; why: string }

export function readAudit(stdout: string): Audit {
  const json = parse(stdout)
  const answer = v.safeParse(Answer, json)
  if (!answer.success) return { kind: 'skipped', why: whyNot(json) }
  const { high, critical, total } = answer.output.metadata.vulnerabilities
  if (high + critical === 0) return { kind: 'clean', text: `no known hole of high severity (${total} lesser)` }
  const packages = Object.entries(answer.output.vulnerabilities)
    .filter(([, { severity }]) => severity === 'high' || severity === 'critical')
    .map(([name, { severity }]) => `${name} (${severity})`)
  return { kind: 'holes', text: `${high + critical} known holes: ${packages.join(', ')}` }
}

function whyNot(json: unknown): string {
  const refusal = v.safeParse(Refusal, json)
  const status = refusal.success && refusal.output.statusCode ? ` (HTTP ${refusal.output.statusCode})` : ''
  return `the registry does not answer audits${status}`
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
