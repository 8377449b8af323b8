// A world in memory for flite, which is a WASI command that writes a WAV file: its arguments and one output file, nothing
// else. So no temporary audio ever touches a disk. Used by flite-worker.ts only; knows no voices and no text.
import { invariant } from '#shared/invariant.ts'

/** Path of the output file, to be given to the command. */
export const OUTPUT_PATH = '/out.wav'
/** Far above what one job can say (240 characters are about 20 s, 640 kB); a runaway ends here with "no space". */
const MAX_OUTPUT_BYTES = 8 * 1024 * 1024

// WASI preview 1: error numbers, descriptors, file types.
const SUCCESS = 0
const BAD_DESCRIPTOR = 8
const NO_ENTRY = 44
const NO_SPACE = 51
const STANDARD_ERROR = 2
const ROOT = 3
const OUTPUT = 4
const TYPE_CHARACTER = 2
const TYPE_DIRECTORY = 3
const TYPE_REGULAR = 4
const OPEN_TRUNCATE = 8

/** Thrown by proc_exit, so that exit() unwinds the command. */
class Exit extends Error {
  readonly status: number
  constructor(status: number) {
    super(`exit ${status}`)
    this.status = status
  }
}

/** Ready to run once; making one copies 17 MB of voices, so it is made before it is needed. */
export class FliteCommand {
  readonly #instance: WebAssembly.Instance
  #argv: Uint8Array[] = []
  #output = new Uint8Array(64 * 1024)
  #length = 0
  #position = 0

  constructor(module: WebAssembly.Module) {
    this.#instance = new WebAssembly.Instance(module, { wasi_snapshot_preview1: this.#imports() })
  }

  /** Runs the command and returns the bytes of its output file. Throws when it fails or traps. */
  run(argv: readonly string[]): Uint8Array {
    this.#argv = argv.map((argument) => new TextEncoder().encode(`${argument}\0`))
    const start = this.#instance.exports._start
    invariant(typeof start === 'function', 'flite is a WASI command')
    try {
      start()
    } catch (thrown) {
      if (!(thrown instanceof Exit) || thrown.status !== 0) throw thrown
    }
    return this.#output.subarray(0, this.#length)
  }

  #imports(): Record<string, (...args: never[]) => number> {
    return {
      args_sizes_get: (count: number, size: number) => this.#putSizes(count, size),
      args_get: (pointers: number, text: number) => this.#putArguments(pointers, text),
      clock_time_get: (_id: number, _precision: bigint, out: number) => {
        this.#view().setBigUint64(out, BigInt(Math.round(performance.now() * 1e6)), true)
        return SUCCESS
      },
      fd_prestat_get: (fd: number, out: number) => {
        if (fd !== ROOT) return BAD_DESCRIPTOR
        this.#view().setUint32(out, 0, true)
        this.#view().setUint32(out + 4, 1, true)
        return SUCCESS
      },
      fd_prestat_dir_name: (_fd: number, out: number) => {
        this.#view().setUint8(out, '/'.charCodeAt(0))
        return SUCCESS
      },
      path_open: (...args: [number, number, number, number, number, bigint, bigint, number, number]) =>
        this.#open(args),
      fd_fdstat_get: (fd: number, out: number) => this.#putStatus(fd, out),
      fd_fdstat_set_flags: () => SUCCESS,
      fd_close: () => SUCCESS,
      fd_read: (_fd: number, vectors: number, count: number, out: number) => this.#read(vectors, count, out),
      fd_write: (fd: number, vectors: number, count: number, out: number) => this.#write(fd, vectors, count, out),
      fd_seek: (_fd: number, offset: bigint, whence: number, out: number) => this.#seek(Number(offset), whence, out),
      proc_exit: (status: number) => {
        throw new Exit(status)
      },
    }
  }

  /** Made anew at each call: a view dies when the memory grows. */
  #view(): DataView {
    return new DataView(this.#memory())
  }

  #memory(): ArrayBuffer {
    const { memory } = this.#instance.exports
    invariant(memory instanceof WebAssembly.Memory, 'flite exports its memory')
    return memory.buffer
  }

  #putSizes(count: number, size: number): number {
    this.#view().setUint32(count, this.#argv.length, true)
    this.#view().setUint32(
      size,
      this.#argv.reduce((sum, argument) => sum + argument.length, 0),
      true,
    )
    return SUCCESS
  }

  #putArguments(pointers: number, text: number): number {
    let at = text
    for (const [i, argument] of this.#argv.entries()) {
      this.#view().setUint32(pointers + i * 4, at, true)
      new Uint8Array(this.#memory()).set(argument, at)
      at += argument.length
    }
    return SUCCESS
  }

  #putStatus(fd: number, out: number): number {
    if (fd > OUTPUT) return BAD_DESCRIPTOR
    const type = fd <= STANDARD_ERROR ? TYPE_CHARACTER : fd === ROOT ? TYPE_DIRECTORY : TYPE_REGULAR
    this.#view().setUint16(out, type, true)
    this.#view().setUint16(out + 2, 0, true)
    // All rights, for the file and for what it holds.
    this.#view().setBigUint64(out + 8, 0xffffffffffffffffn, true)
    this.#view().setBigUint64(out + 16, 0xffffffffffffffffn, true)
    return SUCCESS
  }

  /** Only the output file exists; everything else that flite looks for does not. */
  #open(args: [number, number, number, number, number, bigint, bigint, number, number]): number {
    const [, , path, pathLength, flags, , , , out] = args
    const name = new TextDecoder().decode(new Uint8Array(this.#memory(), path, pathLength))
    if (`/${name}` !== OUTPUT_PATH && name !== OUTPUT_PATH) return NO_ENTRY
    if (flags & OPEN_TRUNCATE) this.#length = 0
    this.#position = 0
    this.#view().setUint32(out, OUTPUT, true)
    return SUCCESS
  }

  #read(vectors: number, count: number, out: number): number {
    let total = 0
    for (const target of this.#buffers(vectors, count)) {
      const part = this.#output.subarray(this.#position, Math.min(this.#length, this.#position + target.length))
      target.set(part)
      this.#position += part.length
      total += part.length
    }
    this.#view().setUint32(out, total, true)
    return SUCCESS
  }

  #write(fd: number, vectors: number, count: number, out: number): number {
    let total = 0
    for (const source of this.#buffers(vectors, count)) {
      // What flite prints may repeat a reply's words: it is taken and dropped.
      if (fd === OUTPUT && !this.#store(source)) return NO_SPACE
      total += source.length
    }
    this.#view().setUint32(out, total, true)
    return SUCCESS
  }

  #store(source: Uint8Array): boolean {
    const end = this.#position + source.length
    if (end > MAX_OUTPUT_BYTES) return false
    if (end > this.#output.length) {
      const larger = new Uint8Array(Math.max(end, this.#output.length * 2))
      larger.set(this.#output.subarray(0, this.#length))
      this.#output = larger
    }
    this.#output.set(source, this.#position)
    this.#position = end
    this.#length = Math.max(this.#length, end)
    return true
  }

  #seek(offset: number, whence: number, out: number): number {
    const from = whence === 0 ? 0 : whence === 1 ? this.#position : this.#length
    this.#position = Math.max(0, from + offset)
    this.#view().setBigUint64(out, BigInt(this.#position), true)
    return SUCCESS
  }

  #buffers(vectors: number, count: number): Uint8Array[] {
    const view = this.#view()
    return Array.from(
      { length: count },
      (_, i) =>
        new Uint8Array(
          this.#memory(),
          view.getUint32(vectors + i * 8, true),
          view.getUint32(vectors + i * 8 + 4, true),
        ),
    )
  }
}
