// The scan for secrets, over text and as the program that `check` runs. Planted secrets are made at random here, so that
// this file holds none.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { findSecrets } from './secrets.ts'

const random = (bytes: number) => `a7${randomBytes(bytes).toString('base64url')}`
const upper = (length: number) =>
  Array.from(randomBytes(length), (byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(byte % 32)).join('')
const alphanumeric = (length: number) =>
  random(length * 3)
    .replace(/[-_]/g, '')
    .slice(0, length)

const PLANTED: [string, string][] = [
  ['a private key', `-----BEGIN ${'PRIVATE'} KEY-----\nMIIEvQ`],
  ['an EC private key', `-----BEGIN EC ${'PRIVATE'} KEY-----\nMIIEvQ`],
  ['an API key of ours', `curl -H 'authorization: Bearer pk_${random(24)}'`],
  ['an ephemeral key', `ek_${random(24)}`],
  ['an AWS key', `AKIA${upper(16)}`],
  ['a GitHub token', `ghp_${alphanumeric(36)}`],
  ['a model hub token', `hf_${alphanumeric(34)}`],
  ['an OpenAI key', `sk-${random(30)}`],
  ['a JSON web token', `eyJ${random(12)}.eyJ${random(30)}.${random(32)}`],
  ['a password in an address', `libsql://parley:${alphanumeric(12)}@db.example.org`],
  ['an assigned secret', `const nodeToken = '${alphanumeric(32)}'`],
  ['a secret in an .env file', `LLM_API_KEY=${alphanumeric(32)}`],
  ['a secret in JSON', `{ "clientSecret": "${alphanumeric(40)}" }`],
]

const HARMLESS: string[] = [
  'LLM_API_KEY=',
  'LLM_API_KEY=change-me-to-your-own-key',
  'pk_xxxxxxxxxxxxxxxxxxxxxxxxxxxx',
  'const tokenHash = await digestOfTheTokenThatWasShown(token)',
  'export const resumeTokenSubprotocol = `parley.resume.${token}`',
  "apiKey: process.env['PARLEY_API_KEY_OF_THE_FIRST_START']",
  'http://user:$PASSWORD@example.org/',
  'http://user:secret@example.org/',
]

describe('secrets', () => {
  it.each(PLANTED)('[CHK2] %s is found at its line and not repeated', (_name, secret) => {
    const findings = findSecrets([{ path: 'a.ts', text: `// one\n// two\n${secret}\n` }])
    expect(findings.map(({ file, line }) => `${file}:${line}`)).toContain('a.ts:3')
    expect(findings.every(({ what }) => !what.includes(secret.slice(-12)))).toBe(true)
  })

  it.each(HARMLESS)('[CHK2] no secret: %s', (text) => {
    expect(findSecrets([{ path: 'a.ts', text }])).toEqual([])
  })

  it('[CHK2] the program fails on a tracked file with a secret and passes without', () => {
    const root = mkdtempSync(join(tmpdir(), 'parley-secrets-'))
    onTestFinished(() => rmSync(root, { recursive: true, force: true }))
    const git = (...args: string[]) => spawnSync('git', args, { cwd: root })
    const check = () => spawnSync(process.execPath, [resolve('tests/tooling/check-secrets.ts'), root]).status
    git('init', '--quiet')
    writeFileSync(join(root, 'plain.ts'), 'export const a = 1\n')
    git('add', 'plain.ts')
    writeFileSync(join(root, 'notes.txt'), `nodeToken = "${alphanumeric(32)}"\n`)
    expect(check()).toBe(0)
    git('add', 'notes.txt')
    expect(check()).toBe(1)
  })
})
