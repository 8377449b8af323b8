// What `gpu-node setup` puts in place: models from a hub that fails in every way, and real virtual environments.
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isWhole } from '#gpu-node/config/model-folder.ts'
import { makeEnvironment, missingPins, pinsOf } from '#gpu-node/setup/environment.ts'
import { download, isThere, listFiles, type HubFile } from '#gpu-node/setup/model-hub.ts'
import { setup } from '#gpu-node/setup/setup.ts'
import { findPython } from '#tests/tooling/machine.ts'
import { startHub, type ScriptedHub } from './scripted-hub.ts'

const REPO = 'owner/model'
const FILES = {
  'a/model.bin': { content: randomBytes(300_000), large: true },
  'config.json': { content: Buffer.from('{"a":1}'), large: false },
  'empty.txt': { content: Buffer.alloc(0), large: false },
}

let folder: string
let hub: ScriptedHub
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'parley-setup-'))
  hub = await startHub(REPO, FILES)
})
afterEach(async () => {
  await hub.stop()
  rmSync(folder, { recursive: true })
})

describe('files of a model hub', () => {
  const listed = async (path: keyof typeof FILES): Promise<HubFile> => {
    const found = (await listFiles(hub.url, { repo: REPO, revision: 'main' })).find((file) => file.path === path)
    if (!found) throw new Error('the hub does not list it')
    return found
  }
  const fetchInto = async (path: keyof typeof FILES, told: number[] = []) => {
    const target = join(folder, 'models', 'file')
    await download(await listed(path), target, (bytes) => told.push(bytes))
    return readFileSync(target)
  }

  it('[SET1] a file is fetched with its folder, told as it comes, and believed by its hash, large or small', async () => {
    const told: number[] = []
    expect((await fetchInto('a/model.bin', told)).equals(FILES['a/model.bin'].content)).toBe(true)
    expect(told.at(-1)).toBe(300_000)
    expect((await fetchInto('config.json')).equals(FILES['config.json'].content)).toBe(true)
    expect(await isThere(await listed('config.json'), join(folder, 'models', 'file'))).toBe(true)
    expect(await isThere(await listed('a/model.bin'), join(folder, 'models', 'file'))).toBe(false)
  })

  it('[SET2] what broke off goes on from there', async () => {
    hub.fates.push('cut')
    expect((await fetchInto('a/model.bin')).equals(FILES['a/model.bin'].content)).toBe(true)
    expect(hub.downloads).toEqual(['a/model.bin', expect.stringMatching(/^a\/model\.bin bytes=\d+-$/)])
    expect(hub.downloads[1]).not.toContain('bytes=0-')
  })

  it('[SET2] a server that knows no ranges begins anew, and the file is whole', async () => {
    hub.fates.push('cut', 'ignoresRange')
    expect((await fetchInto('a/model.bin')).equals(FILES['a/model.bin'].content)).toBe(true)
  })

  it('[SET1] an empty file is a file', async () => {
    expect((await fetchInto('empty.txt')).length).toBe(0)
  })

  it.each(['wrong', 'longer', 'missing'] as const)(
    '[SET3] of a download that is %s nothing is kept; after three tries it fails',
    async (fate) => {
      hub.fates.push(fate, fate, fate)
      await expect(fetchInto('a/model.bin')).rejects.toThrow(/model\.bin/)
      expect(existsSync(join(folder, 'models', 'file'))).toBe(false)
      expect(hub.downloads).toHaveLength(3)
      expect((await fetchInto('a/model.bin')).equals(FILES['a/model.bin'].content)).toBe(true)
    },
  )

  it('[SET3] one bad try among good ones costs nothing but itself', async () => {
    hub.fates.push('wrong')
    expect((await fetchInto('a/model.bin')).equals(FILES['a/model.bin'].content)).toBe(true)
  })
})

describe('setup', () => {
  const say = { out: [] as string[] }
  beforeEach(() => {
    say.out = []
    vi.spyOn(console, 'log').mockImplementation((line: string) => void say.out.push(line))
    vi.spyOn(console, 'error').mockImplementation((line: string) => void say.out.push(line))
  })
  afterEach(() => vi.restoreAllMocks())

  const run = (words: { only?: string; dryRun?: boolean; url?: string } = {}) => {
    const file = join(folder, 'gpu-node.toml')
    const engine = `[engines.big]\nkind = "managed"\nengine = "vllm"\nmodel = "${REPO}"\nvram_reserve_gib = 1`
    const own = '[engines.own]\nkind = "managed"\nmodel = "m"\nvram_reserve_gib = 1\nport = 1\ncommand = ["true"]'
    writeFileSync(
      file,
      `models = "${folder}/models"\nvenvs = "${folder}/venvs"\n[roles]\nllm = ["big", "own"]\n${engine}\n${own}`,
    )
    const { only, dryRun = true, url = hub.url } = words
    return setup({ only, dryRun, hub: url, pipOptions: ['--no-index'] }, { GPU_NODE_CONFIG: file, DATA_DIR: folder })
  }

  it('[SET4] a dry run says what would be done, and does nothing', async () => {
    expect(await run()).toBe(0)
    const said = say.out.join('\n')
    expect(said).toMatch(/^big\n {2}environment .*\/venvs\/vllm: would install \d+ packages of requirements-vllm\.txt/)
    expect(said).toMatch(/model owner\/model \(licence: .*\) → .*\/models\/model\n {4}would fetch 3 files, 0\.00 GiB/)
    expect(existsSync(join(folder, 'venvs'))).toBe(false)
    expect(hub.downloads).toEqual([])
  })

  it('[SET5] without the hub it says which files to put where, and fails', async () => {
    await hub.stop()
    const { url } = hub
    expect(await run({ url })).toBe(1)
    expect(say.out.join('\n')).toMatch(
      new RegExp(`by hand: put these files of ${url}/owner/model into .*/models/model`),
    )
    hub = await startHub(REPO, FILES)
  })

  it('[SET9] a file that the hub places outside of the model’s folder is refused', async () => {
    await hub.stop()
    hub = await startHub(REPO, { '../../../escaped.txt': { content: Buffer.from('x'), large: false } })
    expect(await run({ dryRun: true })).toBe(1)
    expect(say.out.join('\n')).toContain('the hub names a file outside of')
    expect(hub.downloads).toEqual([])
  })

  it('[SET10] a folder is whole with its configuration and all of its weights, and not before', () => {
    const model = join(folder, 'whole')
    mkdirSync(model)
    const put = (name: string, text = '{}'): void => writeFileSync(join(model, name), text)
    const shards = { weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors', c: 'model-2.safetensors' } }
    const states = [
      () => {},
      () => put('config.json'),
      () => put('model-1.safetensors'),
      () => put('model.safetensors.index.json', JSON.stringify(shards)),
      () => put('model-2.safetensors'),
      () => put('tokenizer.json.part'),
    ].map((change) => {
      change()
      return isWhole(model)
    })
    expect(states).toEqual([false, false, true, false, true, false])
  })

  it.skipIf(!findPython())('[SET10] what says that a model is there is fetched when the rest is', async () => {
    // No package is there, so that step fails; the next one is done all the same.
    expect(await run({ dryRun: false, only: 'big' })).toBe(1)
    expect(hub.downloads).toEqual(['a/model.bin', 'config.json'])
  })

  it('[SET6] only engines of the file that setup knows can be asked for', async () => {
    expect(await run({ only: 'own' })).toBe(1)
    expect(say.out.join('\n')).toContain('--only: must be one of big')
    expect(await run({ only: 'big' })).toBe(0)
  })
})

describe.runIf(findPython() !== undefined)('a virtual environment', () => {
  /** A wheel (PyPA, binary distribution format) with nothing but its name. */
  function wheel(): { requirements: string; links: string } {
    const links = join(folder, 'wheels')
    mkdirSync(links)
    const file = join(links, 'tiny_thing-1.0-py3-none-any.whl')
    const make = `
import zipfile, sys
with zipfile.ZipFile(sys.argv[1], "w") as z:
    z.writestr("tiny_thing.py", "")
    z.writestr("tiny_thing-1.0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: tiny-thing\\nVersion: 1.0\\n")
    z.writestr("tiny_thing-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr("tiny_thing-1.0.dist-info/RECORD", "")
`
    execFileSync('python3', ['-c', make, file])
    const hash = createHash('sha256').update(readFileSync(file)).digest('hex')
    const requirements = join(folder, 'requirements.txt')
    writeFileSync(
      requirements,
      `# pinned\ntiny_thing==1.0 \\\n    --hash=sha256:${hash}\nother==2 ; sys_platform == 'win32' \\\n    --hash=sha256:${hash}\n`,
    )
    return { requirements, links }
  }

  it('[SET7] is made with what is pinned and hashed, and then lacks nothing', async () => {
    const { requirements, links } = wheel()
    const venv = join(folder, 'venv')
    expect(await missingPins(venv, requirements)).toEqual(['tiny-thing==1.0'])
    await makeEnvironment(venv, requirements, ['--no-index', '--find-links', links, '--quiet'])
    expect(await missingPins(venv, requirements)).toEqual([])
    writeFileSync(requirements, readFileSync(requirements, 'utf8').replace('tiny_thing==1.0', 'tiny_thing==1.1'))
    expect(await missingPins(venv, requirements)).toEqual(['tiny-thing==1.1'])
  })

  it('[SET7] a package with another hash is not installed', async () => {
    const { requirements, links } = wheel()
    writeFileSync(requirements, `tiny_thing==1.0 --hash=sha256:${'0'.repeat(64)}\n`)
    const options = ['--no-index', '--find-links', links, '--quiet']
    await expect(makeEnvironment(join(folder, 'venv'), requirements, options)).rejects.toThrow(/ended with 1/)
  })

  it('[SET8] the requirement files of the engines pin and hash every package', () => {
    for (const engine of ['vllm', 'faster-whisper', 'f5-tts']) {
      const text = readFileSync(`gpu-node/engines/python/requirements-${engine}.txt`, 'utf8')
      expect(pinsOf(text).length).toBeGreaterThan(15)
      const packages = text.split(/\n(?=[A-Za-z0-9])/).filter((part) => !part.startsWith('#'))
      for (const part of packages) expect(part).toMatch(/^[\w.[\]-]+==.*[\s\S]*--hash=sha256:[0-9a-f]{64}/)
    }
  })
})
