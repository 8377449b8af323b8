// The node's environment: defaults, what is refused, and in which words.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FaultError } from '#shared/fault.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'

const NODE_TOKEN = 'scripted-token-of-a-node'

function issues(environment: Record<string, string>): string[] {
  try {
    readNodeConfig(environment)
    return []
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === 'invalid_message') return error.fault.issues
    throw error
  }
}

describe('node config', () => {
  it('[NOD1] a token is all that is needed: the embedded engines, the edge on this machine, its hostname', () => {
    const config = readNodeConfig({ NODE_TOKEN })
    expect(config).toMatchObject({
      edgeUrl: 'ws://127.0.0.1:8787',
      dataDir: './data',
      logLevel: 'info',
      plan: { chains: { llm: ['embedded'], stt: ['embedded'], 'tts.fast': ['embedded'], 'tts.hq': [] } },
      slots: undefined,
      port: undefined,
    })
    expect(config.name).not.toBe('')
  })

  it.each([
    ['https://voice.example.org/', 'wss://voice.example.org'],
    ['http://edge:8787', 'ws://edge:8787'],
    ['wss://voice.example.org/base//', 'wss://voice.example.org/base'],
  ])('[NOD2] EDGE_URL %s means %s', (EDGE_URL, edgeUrl) => {
    expect(readNodeConfig({ NODE_TOKEN, EDGE_URL }).edgeUrl).toBe(edgeUrl)
  })

  it.each([
    [{}, /^NODE_TOKEN: is needed/],
    [{ NODE_TOKEN: 'short' }, /^NODE_TOKEN: must have at least 16/],
    [{ NODE_TOKEN_FILE: 'tests/node/absent' }, /^NODE_TOKEN_FILE: must be a file/],
    [{ NODE_TOKEN, PROFANITY_FILE: 'tests/node/absent' }, /^PROFANITY_FILE: must be a file/],
    [{ NODE_TOKEN, EDGE_URL: 'ftp://x' }, /^EDGE_URL: must be a URL \(ws:, wss:/],
    [{ NODE_TOKEN, SLOTS: '0' }, /^SLOTS: must be a whole number from 1 to 256/],
    [{ NODE_TOKEN, LOG_LEVEL: 'loud' }, /^LOG_LEVEL: must be one of debug/],
    [{ NODE_TOKEN, NODE_PORT: 'x' }, /^NODE_PORT: must be a whole number/],
    [{ NODE_TOKEN, LLM_URL: 'http://a' }, /^LLM_MODEL: is needed with LLM_URL/],
    [{ NODE_TOKEN, STT_URL: 'http://a' }, /^STT_MODEL: is needed with STT_URL/],
    [{ NODE_TOKEN, TTS_URL: 'http://a', TTS_MODEL: 'm' }, /^TTS_VOICE: is needed with TTS_URL/],
    [{ NODE_TOKEN, LLM_MODEL: 'm' }, /^LLM_MODEL: is of use only with LLM_URL/],
  ])('[NOD3] %j is refused, and the refusal names the variable and what is allowed', (environment, words) => {
    expect(issues(environment)).toEqual([expect.stringMatching(words)])
  })

  it('[NOD4] a refusal never repeats a secret', () => {
    const environment = { NODE_TOKEN: 'too-short', EDGE_URL: 'http//user:pw@edge', SLOTS: 'secret-in-the-wrong-line' }
    const said = issues(environment).join(' ')
    expect(said).toContain('SLOTS')
    for (const value of Object.values(environment)) expect(said).not.toContain(value)
  })

  it('[NOD5] the token may stand in a file, without the line end', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-config-'))
    writeFileSync(join(folder, 'token'), `${NODE_TOKEN}\n`)
    expect(readNodeConfig({ NODE_TOKEN_FILE: join(folder, 'token') }).token).toBe(NODE_TOKEN)
    rmSync(folder, { recursive: true })
  })

  it('[SAF25] the words that no reply says stand in a file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-config-'))
    const file = join(folder, 'words')
    writeFileSync(file, 'darn\n混蛋\n')
    expect(readNodeConfig({ NODE_TOKEN, PROFANITY_FILE: file }).profanity).toBe('darn\n混蛋\n')
    expect(readNodeConfig({ NODE_TOKEN }).profanity).toBeUndefined()
    rmSync(folder, { recursive: true })
  })
})
