// `gpu-node check` as a program, with a scripted nvidia-smi.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'

const folder = mkdtempSync(join(tmpdir(), 'parley-check-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** `card`: what nvidia-smi says of it, or the lines of a script that says it. */
async function check(
  toml: string,
  card: number | string | { script: string } | undefined,
  words: string[] = [],
  own: Record<string, string> = {},
) {
  const [file, smi] = [join(folder, 'gpu-node.toml'), join(folder, 'nvidia-smi')]
  writeFileSync(file, toml)
  const script = typeof card === 'object' ? card.script : card === undefined ? 'exit 9' : `echo ${card}`
  writeFileSync(smi, `#!/bin/sh\n${script}\n`)
  chmodSync(smi, 0o755)
  const env = { PATH: process.env['PATH'], GPU_NODE_CONFIG: file, NVIDIA_SMI_BIN: smi, DATA_DIR: folder, ...own }
  return new Promise<{ code: number; out: string }>((resolve) => {
    execFile(process.execPath, ['gpu-node/main.ts', 'check', ...words], { env }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out: out + err }),
    )
  })
}

const engine = (reserve: number, port = 1, program = 'true') =>
  `[roles]\nllm = ["a"]\n[engines.a]\nkind = "managed"\nmodel = "m"\nvram_reserve_gib = ${reserve}\nport = ${port}\ncommand = ["${program}", "${program}.bin"]`

describe('gpu-node check', () => {
  it('[CHE1] without engines of its own nothing is to be changed; a wrong file is named', async () => {
    const good = await check('slots = 2', undefined)
    expect(good.out).toMatch(/^item +found +wanted +what to change\ndisk .* ok\n/)
    expect(good.code).toBe(0)
    expect(await check('slot = 2', undefined)).toEqual({
      code: 1,
      out: 'slot: is not known here; did you mean slots?\n',
    })
    const json = await check('slots = 2', undefined, ['--json'])
    expect(JSON.parse(json.out)).toMatchObject({ ok: true, items: [{ item: 'disk', isGood: true }] })
  })

  it('[CHE2] a plan of 90 % of the card is refused, and one without a card', async () => {
    const [full, fits, none] = [
      await check(engine(9), 10_240),
      await check(engine(8.9), 10_240),
      await check(engine(9), undefined),
    ]
    expect(full.out).toMatch(/9\.0 GiB planned of 10\.0 GiB \(90 %\) +below 90 % +lower kv_cache_gib/)
    expect(full.code).toBe(1)
    expect(fits.out).toMatch(/\(89 %\) +below 90 % +ok/)
    expect(none.out).toMatch(/no NVIDIA card answers .*install the NVIDIA driver/)
  })

  it('[CHE4] the card that is looked at is the one that engines run on', async () => {
    const script = 'case "$*" in *--id=1*) echo 24564;; *) echo 8192;; esac'
    const card = { GPU_INDEX: '1' }
    expect((await check(engine(9), { script }, [], card)).out).toContain('9.0 GiB planned of 24.0 GiB')
    const { plan } = readNodeConfig({
      ...card,
      GPU_NODE_CONFIG: join(folder, 'gpu-node.toml'),
      NODE_TOKEN: 'x'.repeat(20),
    })
    expect(plan.engines[0]).toMatchObject({ launch: { environment: { CUDA_VISIBLE_DEVICES: '1' } } })
  })

  it('[CHE5] vLLM wants one Python alone, a model that broke off is not there, and a voice needs its words', async () => {
    const models = join(folder, 'models')
    mkdirSync(join(models, 'Qwen3-8B-AWQ'), { recursive: true })
    writeFileSync(join(models, 'Qwen3-8B-AWQ', 'config.json'), '{}')
    writeFileSync(join(models, 'Qwen3-8B-AWQ', 'model.safetensors.part'), '')
    writeFileSync(join(folder, 'default.wav'), '')
    const toml = `models = "${models}"\n[roles]\nllm = ["v"]\n"tts.fast" = ["f"]\n[engines.v]\nkind = "managed"\nengine = "vllm"
[engines.f]\nkind = "managed"\nengine = "f5-tts"\nvoices = "${folder}"\nvoice = "default"\n`
    const { out } = await check(toml, 24_564)
    expect(out).toMatch(/Python 3\.12 +(?:3\.12\.\S+|none is found) +3\.12 /)
    expect(out).toMatch(/Python 3\.11 or newer +(?:3\.\S+|none is found) +3\.11 or newer/)
    expect(out).toMatch(/v: files +1 of \d+ missing/)
    expect(out).toContain(join(folder, 'default.txt'))
    expect(out).toMatch(/disk .*over 100 GiB/)
  })

  it('[CHE3] a port that is taken and a program that is missing are found', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const { out, code } = await check(engine(1, port, '/absent/program'), 24_000)
    server.close()
    expect(out).toMatch(new RegExp(`a: port +${port} is taken +free +end what listens there, or set engines.a.port`))
    expect(out).toMatch(/a: program +is missing +\/absent\/program +put \/absent\/program in place/)
    expect(out).toMatch(/a: files +1 of 1 missing +all there +put in place: \/absent\/program\.bin/)
    expect(code).toBe(1)
  })

  it('[CHE6] a driver that is too old for the packages is found, and what compiles at its start needs a compiler', async () => {
    const vllm = '[roles]\nllm = ["v"]\n[engines.v]\nkind = "managed"\nengine = "vllm"\n'
    const old = await check(vllm, '24564, 550.54.15')
    expect(old.out).toMatch(/NVIDIA driver +550\.54\.15 +580 or newer +install the NVIDIA driver 580/)
    const recent = await check(vllm, '24564, 580.95.05')
    expect(recent.out).toMatch(/NVIDIA driver +580\.95\.05 +580 or newer +ok/)
    expect(recent.out).toMatch(/C compiler +\S.* cc and Python\.h +(?:ok|install a C compiler)/)
    const bare = await check(vllm, '24564, 580.95.05', [], { PATH: folder })
    expect(bare.out).toMatch(/C compiler +no cc answers, no Python\.h +cc and Python\.h +install a C compiler/)
    const own = await check(engine(9), '24564, 550.54.15')
    expect(own.out).not.toMatch(/driver|compiler/)
  })

  it.runIf(existsSync('/dev/shm'))(
    '[CHE7] the disk that is looked at is that of the models and environments',
    async () => {
      const toml = `models = "/dev/shm/models"\nvenvs = "/dev/shm/venvs"\n[roles]\nllm = ["v"]\n[engines.v]\nkind = "managed"\nengine = "vllm"\n`
      const { out } = await check(toml, '24564, 580.95.05')
      expect(out).toMatch(/disk of \/dev\/shm +\S+ GiB free +over 100 GiB +.*models and venvs/)
      expect(out).toMatch(/disk of (?!\/dev\/shm).* +over 5 GiB/)
    },
  )
})
