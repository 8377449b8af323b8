// `gpu-node check` as a program, with a scripted nvidia-smi.
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'parley-check-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function check(toml: string, totalMib: number | undefined, words: string[] = []) {
  const [file, smi] = [join(folder, 'gpu-node.toml'), join(folder, 'nvidia-smi')]
  writeFileSync(file, toml)
  writeFileSync(smi, totalMib === undefined ? '#!/bin/sh\nexit 9\n' : `#!/bin/sh\necho ${totalMib}\n`)
  chmodSync(smi, 0o755)
  const env = { PATH: process.env['PATH'], GPU_NODE_CONFIG: file, NVIDIA_SMI_BIN: smi, DATA_DIR: folder }
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
})
