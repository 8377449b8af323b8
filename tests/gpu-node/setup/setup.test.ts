// What `gpu-node setup` puts in place: models from a hub that fails in every way, and real virtual environments.
import { execFileSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isWhole } from '#gpu-node/config/model-folder.ts'
import { readNodeConfig } from '#gpu-node/config/node-config.ts'
import { makeEnvironment, missingPins, pinsOf } from '#gpu-node/setup/environment.ts'
import { download, isThere, listFiles, type HubFile } from '#gpu-node/setup/model-hub.ts'
import { ModelLock } from '#gpu-node/setup/model-lock.ts'
import * as pythons from '#gpu-node/setup/python.ts'
import { setUpModel } from '#gpu-node/setup/model-files.ts'
import { setup } from '#gpu-node/setup/setup.ts'
import { findPython } from '#tests/tooling/machine.ts'
import { startHub, type ScriptedHub } from './scripted-hub.ts'

const REPO = 'owner/model'
/** Python copies its pip into each, and runs it. */
const VENV_TIMEOUT_MS = 90_000
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

  const lockFile = (): string => join(folder, 'gpu-node.lock.json')
  const readLock = () => JSON.parse(readFileSync(lockFile(), 'utf8')) as { models: Record<string, unknown> }
  const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex')
  const modelFile = (path: string): string => join(folder, 'models', 'model', path)
  /** The model alone, without a virtual environment. */
  const put = (dryRun = false): Promise<boolean> => {
    const lock = ModelLock.open(join(folder, 'gpu-node.toml'))
    const need = { repo: REPO, revision: 'main', files: undefined, folder: modelFile(''), licence: 'MIT' }
    return setUpModel(need, { hub: hub.url, lock, dryRun })
  }

  it('[SET10] what says that a model is there is fetched when the rest is', async () => {
    expect(await put()).toBe(true)
    expect(hub.downloads).toEqual(['a/model.bin', 'config.json'])
  })

  it('[SET11] what was fetched is written down beside the file: the commit and each SHA-256', async () => {
    await put(true)
    expect(existsSync(lockFile())).toBe(false)
    expect(await put()).toBe(true)
    const files = Object.fromEntries(Object.entries(FILES).map(([path, { content }]) => [path, sha256(content)]))
    expect(readLock()).toEqual({ version: 1, models: { [`${REPO}@main`]: { commit: hub.commit, files } } })
  })

  it.each(['a/model.bin', 'config.json'])(
    '[SET11] other bytes under a locked name are refused, and nothing of them is kept: %s',
    async (path) => {
      await put()
      const lock = readLock()
      const before = readFileSync(modelFile(path))
      hub.replace(path, randomBytes(before.length))
      hub.commit = 'd'.repeat(40)
      rmSync(modelFile(path))
      say.out = []
      expect(await put()).toBe(false)
      const words = /the hub has another a\/model\.bin of .* nothing is taken|came, but not as it was pinned/
      expect(say.out.join('\n')).toMatch(words)
      expect(existsSync(modelFile(path))).toBe(false)
      expect(readLock()).toEqual(lock)
      hub.replace(path, before)
      expect(await put()).toBe(true)
      expect(readFileSync(modelFile(path)).equals(before)).toBe(true)
    },
  )

  it('[SET11] a file that was changed on the disk is put back; what is as locked needs no hub', async () => {
    await put()
    writeFileSync(modelFile('config.json'), '{"a":2}')
    expect(await put()).toBe(true)
    expect(readFileSync(modelFile('config.json'), 'utf8')).toBe('{"a":1}')
    await hub.stop()
    say.out = []
    expect(await run({ dryRun: true })).toBe(0)
    expect(say.out.join('\n')).toContain('3 files, whole and as pinned')
    hub = await startHub(REPO, FILES)
  })

  it('[SET11] a lock that cannot be read is not taken for none', async () => {
    writeFileSync(lockFile(), '{"version":1,"models":{"x":{"commit":"short"}}}')
    await expect(run()).rejects.toThrow(/gpu-node\.lock\.json is damaged/)
  })

  it('[SET12] the models of the presets are known by commit and by the SHA-256 of each file', async () => {
    const { plan } = readNodeConfig({ NODE_TOKEN: 'x'.repeat(20), GPU_NODE_CONFIG: 'gpu-node/gpu-node.example.toml' })
    const models = plan.engines.flatMap((engine) => (engine.kind === 'managed' ? (engine.needs?.models ?? []) : []))
    const known = models.filter(({ files }) => files !== undefined)
    expect(known.map(({ repo }) => repo)).toEqual([
      'mobiuslabsgmbh/faster-whisper-large-v3-turbo',
      'SWivid/F5-TTS',
      'charactr/vocos-mel-24khz',
    ])
    for (const { revision, files, sha256: sums = {} } of known) {
      expect(revision).toMatch(/^[0-9a-f]{40}$/)
      for (const path of files ?? []) expect(sums[path]).toMatch(/^[0-9a-f]{64}$/)
    }
  })

  it('[SET12] bytes that a preset does not know are refused before they are fetched, and known ones need no hub', async () => {
    const target = join(folder, 'known')
    const content = FILES['a/model.bin'].content
    const other = { repo: REPO, revision: 'main', files: ['a/model.bin'], folder: target, licence: 'MIT' }
    const lock = ModelLock.open(join(folder, 'gpu-node.toml'))
    const options = { hub: hub.url, lock, dryRun: false }
    expect(await setUpModel({ ...other, sha256: { 'a/model.bin': '0'.repeat(64) } }, options)).toBe(false)
    expect(say.out.join('\n')).toContain('another a/model.bin of owner/model than the preset pins')
    expect(hub.downloads).toEqual([])
    const right = { ...other, revision: 'c'.repeat(40), sha256: { 'a/model.bin': sha256(content) } }
    mkdirSync(target)
    writeFileSync(join(target, 'model.bin'), content)
    expect(await setUpModel(right, { ...options, hub: 'http://127.0.0.1:1' })).toBe(true)
    expect(Object.keys(readLock().models)).toEqual([`${REPO}@${'c'.repeat(40)}`])
  })

  it('[SET6] only engines of the file that setup knows can be asked for', async () => {
    expect(await run({ only: 'own' })).toBe(1)
    expect(say.out.join('\n')).toContain('--only: must be one of big')
    expect(await run({ only: 'big' })).toBe(0)
  })
})

/** To make an environment takes a busy machine long. */
const ENVIRONMENT_MS = 120_000

describe.runIf(findPython() !== undefined)('a virtual environment', { timeout: ENVIRONMENT_MS }, () => {
  const python = { minor: 11, isExact: false }

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

  it(
    '[SET7] is made with what is pinned and hashed, and then lacks nothing',
    async () => {
      const { requirements, links } = wheel()
      const venv = join(folder, 'venv')
      expect(await missingPins({ venv, requirements, python })).toEqual(['tiny-thing==1.0'])
      await makeEnvironment({ venv, requirements, python }, ['--no-index', '--find-links', links, '--quiet'])
      expect(await missingPins({ venv, requirements, python })).toEqual([])
      writeFileSync(requirements, readFileSync(requirements, 'utf8').replace('tiny_thing==1.0', 'tiny_thing==1.1'))
      expect(await missingPins({ venv, requirements, python })).toEqual(['tiny-thing==1.1'])
    },
    VENV_TIMEOUT_MS,
  )

  it('[SET7] a package with another hash is not installed', async () => {
    const { requirements, links } = wheel()
    writeFileSync(requirements, `tiny_thing==1.0 --hash=sha256:${'0'.repeat(64)}\n`)
    const options = ['--no-index', '--find-links', links, '--quiet']
    await expect(makeEnvironment({ venv: join(folder, 'venv'), requirements, python }, options)).rejects.toThrow(
      /ended with 1/,
    )
  })

  it('[SET13] a program of the right name with nothing behind it, or of another version, is no Python', async () => {
    const bin = join(folder, 'bin')
    mkdirSync(bin)
    const put = (name: string, script: string): void => {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
    }
    const pyenv = join(folder, 'pyenv')
    const only312 = { minor: 12, isExact: true }
    const find = (need = only312) => pythons.findPython(need, { PATH: bin, PYENV_ROOT: pyenv })
    expect(await find()).toBeUndefined()
    put('python3', 'echo 3.13.1')
    put('python3.12', 'echo "pyenv: python3.12: command not found" >&2; exit 127')
    expect(await find()).toBeUndefined()
    expect(await find(python)).toEqual({ program: 'python3', version: '3.13.1' })
    mkdirSync(join(pyenv, 'versions', '3.12.9', 'bin'), { recursive: true })
    const own = join(pyenv, 'versions', '3.12.9', 'bin', 'python3')
    writeFileSync(own, '#!/bin/sh\necho 3.12.9\n', { mode: 0o755 })
    expect(await find()).toEqual({ program: own, version: '3.12.9' })
    put('python3.12', 'echo 3.12.4')
    expect(await find()).toEqual({ program: 'python3.12', version: '3.12.4' })
  })

  it('[SET13] an environment of another Python lacks everything; without the right one nothing is made', async () => {
    const { requirements } = wheel()
    const venv = join(folder, 'other')
    mkdirSync(join(venv, 'bin'), { recursive: true })
    writeFileSync(join(venv, 'bin', 'python'), '#!/bin/sh\necho 3.10.2\n', { mode: 0o755 })
    expect(await missingPins({ venv, requirements, python })).toEqual(['tiny-thing==1.0'])
    const future = { minor: 99, isExact: true }
    const made = makeEnvironment({ venv: join(folder, 'none'), requirements, python: future })
    await expect(made).rejects.toThrow(/no Python 3\.99 is found: install Python 3\.99 with venv/)
    expect(existsSync(join(folder, 'none'))).toBe(false)
  })

  it('[SET14] vLLM’s cuda-python brings no files that cuda-bindings has, too', () => {
    const pins = pinsOf(readFileSync('gpu-node/engines/python/requirements-vllm.txt', 'utf8'))
    const versionOf = (name: string) => pins.find((pin) => pin.startsWith(`${name}==`))?.split('==')[1]
    expect(Number(versionOf('cuda-python')?.split('.')[0])).toBeGreaterThanOrEqual(13)
    expect(versionOf('cuda-python')).toBe(versionOf('cuda-bindings'))
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
