// gpu-node.toml: the example, what is refused and in which words, and what becomes of it beside the environment.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FaultError } from '#shared/fault.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import { GIB } from '#gpu-node/config/presets.ts'

const EXAMPLE = 'gpu-node/gpu-node.example.toml'
const NODE_TOKEN = 'scripted-token-of-a-node'
const VLLM = '[engines.a]\nkind = "managed"\nengine = "vllm"\n'
const URL_AND_MODEL = 'kind = "attached"\nurl = "http://127.0.0.1:1"\nmodel = "m"\n'

function read(toml: string, environment: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'parley-engines-'))
  const file = join(folder, 'gpu-node.toml')
  writeFileSync(file, toml)
  try {
    return readNodeConfig({ NODE_TOKEN, GPU_NODE_CONFIG: file, ...environment })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function issues(toml: string, environment: Record<string, string> = {}): string[] {
  try {
    read(toml, environment)
    return []
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === 'invalid_message') return error.fault.issues
    throw error
  }
}

function launchOf(toml: string) {
  const plan = read(`${toml}\n[roles]\nllm = ["a"]\n`).plan.engines.find(({ name }) => name === 'a')
  if (plan?.kind !== 'managed') throw new Error('not managed')
  return plan.launch
}

describe('file of engines', () => {
  it('[CFG1] the example is read whole, commented line by line, and fits one card on the loopback interface', () => {
    const lines = readFileSync(EXAMPLE, 'utf8').split('\n')
    expect(lines.filter((line) => line.trim() !== '' && !/(^| )# /.test(line))).toEqual([])
    const { plan, slots } = readNodeConfig({ NODE_TOKEN, GPU_NODE_CONFIG: EXAMPLE })
    expect(slots).toBe(5)
    expect(plan.engines.map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      'vllm managed',
      'embedded embedded',
      'whisper managed',
      'f5 managed',
    ])
    expect(plan.chains).toEqual({
      llm: ['vllm', 'embedded'],
      stt: ['whisper', 'embedded'],
      'tts.fast': ['f5', 'embedded'],
      'tts.hq': ['f5'],
    })
    const managed = plan.engines.flatMap((one) => (one.kind === 'managed' ? [one] : []))
    for (const { server, launch } of managed) {
      expect(new URL(server.url).hostname).toBe('127.0.0.1')
      expect(launch.command.join(' ')).toContain('--host 127.0.0.1')
    }
    const reserved = managed.reduce((sum, { launch }) => sum + launch.vramReserveBytes, 0)
    expect(reserved).toBeGreaterThan(10 * GIB)
    expect(reserved).toBeLessThan(0.9 * 23.5 * GIB)
  })

  it.each([
    [`${VLLM}port = 70000`, /^engines\.a\.port: is 70000; it must be a whole number from 1 to 65535/],
    [`${VLLM}device = "tpu"`, /^engines\.a\.device: is "tpu"; it must be one of cuda, cpu/],
    ['slots = "many"', /^slots: is "many"; it must be a number|^slots: is "many"; it must be a whole number/],
    ['[engines.a]\nkind = "attached"\nurl = "ftp://a"\nmodel = "m"', /^engines\.a\.url: is "ftp:.*http:, https:/],
    ['[engines.a]\nkind = "started"', /^engines\.a\.kind: is "started"; it must have kind = "managed" or "attached"/],
    ['[engines.a]\nkind = "managed"', /^engines\.a: needs engine = "vllm"/],
    [`${VLLM}model = "some/other"`, /^engines\.a\.vram_reserve_gib: is needed for a model that is not known/],
    [`[roles]\n"tts.fast" = ["a"]\n[engines.a]\n${URL_AND_MODEL}`, /^engines\.a\.voice: is needed where it speaks/],
    ['[roles]\nllm = []', /^roles\.llm: is \[\]; it must name an engine/],
    ['slots = = 1', /gpu-node\.toml:1:\d+: /],
  ])('[CFG2] %j is refused by its key, value and what is allowed', (toml, words) => {
    expect(issues(toml)).toEqual([expect.stringMatching(words)])
  })

  it('[CFG2] a kind of number that a processor does not have is refused by its key, before any start', () => {
    const whisper = '[engines.a]\nkind = "managed"\nengine = "faster-whisper"\n'
    const words =
      /^engines\.a\.compute_type: is "(?:int8_)?float16"; it must be one of int8, int8_float32, float32 with device = "cpu"/
    for (const type of ['float16', 'int8_float16'])
      expect(issues(`${whisper}device = "cpu"\ncompute_type = "${type}"`)).toEqual([expect.stringMatching(words)])
    expect(issues(`${whisper}compute_type = "half"`)).toEqual([
      expect.stringMatching(/^engines\.a\.compute_type: is "half"; it must be/),
    ])
    for (const fine of ['device = "cpu"', 'device = "cpu"\ncompute_type = "int8"', 'compute_type = "int8_float16"'])
      expect(issues(`${whisper}${fine}`)).toEqual([])
  })

  it.each([
    [`${VLLM}prot = 1`, /^engines\.a\.prot: is not known here; did you mean port\?/],
    ['slot = 1', /^slot: is not known here; did you mean slots\?/],
    ['[guard]\nmax_vram = 1', /^guard\.max_vram: is not known here; known are max_vram_fraction/],
    ['[roles]\nstts = ["a"]', /^roles\.stts: is not known here; did you mean stt\?/],
    [`${VLLM}[roles]\nllm = ["embeded"]`, /^roles\.llm: names "embeded", .* did you mean embedded\?/],
    ['[engines."My Engine"]\nkind = "attached"\nurl = "http://x"\nmodel = "m"', /^engines\."My Engine": must have/],
  ])('[CFG3] %j is refused with the nearest known word', (toml, words) => {
    expect(issues(toml)).toEqual([expect.stringMatching(words)])
  })

  it('[DIA2] a dialect that is not known is refused with those that are', () => {
    expect(issues(`[engines.a]\n${URL_AND_MODEL}dialect = "klingon"`)).toEqual([
      expect.stringMatching(/^engines\.a\.dialect: .*openai, vllm, parley, vllm-omni, kokoro, speaches/),
    ])
  })

  it('[CFG4] a secret in the file is refused unrepeated; the variable that the file names holds it', () => {
    const said = issues(`[engines.a]\n${URL_AND_MODEL}api_key = "hush-hush"`)
    expect(said).toEqual([expect.stringMatching(/^engines\.a\.api_key: a secret never stands in this file/)])
    expect([...said, ...issues('api_key = "hush-hush')].join()).not.toContain('hush')
    const named = `[engines.a]\n${URL_AND_MODEL}api_key_env = "LLM_API_KEY"\n[roles]\nllm = ["a"]`
    const { plan } = read(named, { LLM_API_KEY: 'from-outside' })
    expect(plan.engines[0]).toMatchObject({ name: 'a', server: { apiKey: 'from-outside' } })
    expect(issues(named)).toEqual([expect.stringMatching(/^LLM_API_KEY: is needed \(engines\.a\.api_key_env/)])
  })

  it('[CFG5] the environment wins, and only where it speaks', () => {
    const toml = `slots = 3\n${VLLM}[roles]\nllm = ["a"]\nstt = ["embedded"]`
    const own = read(toml)
    expect(own.slots).toBe(3)
    expect(own.plan.engines[0]).toMatchObject({ server: { url: 'http://127.0.0.1:8101', model: 'llm' } })
    expect(own.plan.chains.stt).toEqual(['embedded'])
    const config = read(toml, { SLOTS: '7', LLM_URL: 'http://far', LLM_MODEL: 'other' })
    expect(config.slots).toBe(7)
    expect(config.plan.engines[0]).toMatchObject({ server: { url: 'http://far', model: 'other' } })
    expect(config.plan.chains.llm).toEqual(['llm-of-environment'])
  })

  it('[CFG6] a preset fills what is left out, and a command replaces its own', () => {
    const { command, vramReserveBytes, startTimeoutMs } = launchOf(`${VLLM}kv_cache_gib = 2.5`)
    expect(command.join(' ')).toContain('--kv-cache-memory-bytes 2684354560')
    expect(command).toContain('{"enable_thinking":false}')
    expect(Math.round((vramReserveBytes / GIB) * 10)).toBe(98)
    expect(startTimeoutMs).toBe(300_000)
    expect(launchOf(`${VLLM}command = ["serve", "it"]`).command).toEqual(['serve', 'it'])
    const keyed = read(`${VLLM}api_key_env = "LLM_API_KEY"\n[roles]\nllm = ["a"]`, { LLM_API_KEY: 'from-outside' })
    const [engine] = keyed.plan.engines
    expect(engine?.kind === 'managed' && JSON.stringify(engine.launch)).not.toContain('from-outside')
  })

  it('[CFG7] without a file everything is embedded; a named file must be there', () => {
    const { plan } = readNodeConfig({ NODE_TOKEN })
    expect(plan.engines).toEqual([{ name: 'embedded', kind: 'embedded' }])
    expect(plan.chains['tts.hq']).toEqual([])
    expect(() => readNodeConfig({ NODE_TOKEN, GPU_NODE_CONFIG: 'tests/absent.toml' })).toThrow(FaultError)
  })
})
