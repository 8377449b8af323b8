// Decodes a file that somebody uploaded, in a program that is killed when it takes too long, too much memory or says too much. By the
// decoders that are part of the node; what they do not read, by the machine's ffmpeg, where it has one.
import { spawn, type ChildProcess } from 'node:child_process'
import { constants, setPriority } from 'node:os'
import { fileURLToPath } from 'node:url'
import { pcmFromBytes } from '#shared/audio/pcm.ts'
import type { AudioKind } from '#shared/audio/sniff-audio.ts'
import type { Clock } from '#shared/clock.ts'
import { FaultError } from '#shared/fault.ts'
import {
  DECODE_MS,
  EXIT_TOO_LONG,
  MAX_DECODE_HEAP_MIB,
  MAX_DECODE_RSS_BYTES,
  MAX_RATE,
  MAX_RECORDING_MS,
} from './decode-limits.ts'
import { computedMs, residentBytes } from './process-facts.ts'

export type DecodedFile =
  | { outcome: 'decoded'; pcm: Int16Array; sampleRate: number }
  | { outcome: 'unreadable' }
  /** The machine's ffmpeg might read it, and there is none. */
  | { outcome: 'noDecoder' }
  | { outcome: 'tooLong' }

export interface DecodeOptions {
  clock: Clock
  /** The machine's ffmpeg, for M4A and other codecs in MP4 or WebM; undefined for none. */
  ffmpeg?: string | undefined
  limits?: { ms: number; rssBytes: number }
  /** Nobody wants it any more. */
  signal?: AbortSignal
  /** It timed out once already: a second time-out is the file's fault, however little of it was computing. */
  isLastTry?: boolean
  /** It timed out, and may have been the machine's fault. */
  onTimeout?: () => void
}

const CHILD = fileURLToPath(new URL('./decode-child.ts', import.meta.url))
const WATCH_EVERY_MS = 50
const HEADER_BYTES = 4
const MAX_OUTPUT_BYTES = HEADER_BYTES + (MAX_RECORDING_MS / 1000) * MAX_RATE * 2
const FFMPEG_RATE = 48_000
/** The demuxer is named, so that no file can be taken for a list of other files. */
const FFMPEG_FORMAT: Partial<Record<AudioKind, string>> = { m4a: 'mov', webm: 'matroska' }

/**
 * Never throws for what is in the file; FaultError unavailable where the machine is at fault: it is then tried again. `path` is not the
 * caller's to choose: it is made of a hash.
 */
export async function decodeFile(path: string, kind: AudioKind, options: DecodeOptions): Promise<DecodedFile> {
  const own = await ended(startOwn(path, kind), options)
  const format = FFMPEG_FORMAT[kind]
  if (own.outcome !== 'unreadable' || format === undefined) return own
  if (options.ffmpeg === undefined) return { outcome: 'noDecoder' }
  return ended(startFfmpeg(options.ffmpeg, path, format), options)
}

interface Started {
  child: ChildProcess
  /** The rate of the output; undefined where the program writes it first. */
  sampleRate: number | undefined
}

function startOwn(path: string, kind: AudioKind): Started {
  const args = [
    `--max-old-space-size=${MAX_DECODE_HEAP_MIB}`,
    '--disable-warning=ExperimentalWarning',
    CHILD,
    kind,
    path,
  ]
  // The child does not get the node's environment, which has its token.
  return {
    child: spawn(process.execPath, args, { env: {}, stdio: ['ignore', 'pipe', 'ignore'] }),
    sampleRate: undefined,
  }
}

function startFfmpeg(program: string, path: string, format: string): Started {
  const input = ['-nostdin', '-v', 'error', '-protocol_whitelist', 'file,pipe', '-f', format, '-i', path]
  const seconds = MAX_RECORDING_MS / 1000 + 1
  const output = ['-vn', '-t', `${seconds}`, '-ac', '1', '-ar', `${FFMPEG_RATE}`, '-f', 's16le', 'pipe:1']
  const child = spawn(program, [...input, ...output], { env: {}, stdio: ['ignore', 'pipe', 'ignore'] })
  return { child, sampleRate: FFMPEG_RATE }
}

async function ended(
  { child, sampleRate }: Started,
  { clock, limits, signal: ending, isLastTry = false, onTimeout = () => {} }: DecodeOptions,
): Promise<DecodedFile> {
  giveWay(child)
  const { ms, rssBytes } = limits ?? { ms: DECODE_MS, rssBytes: MAX_DECODE_RSS_BYTES }
  const parts: Buffer[] = []
  let bytes = 0
  let blamed: 'file' | 'machine' | undefined
  const kill = (blame: 'file' | 'machine'): void => {
    blamed ??= blame
    child.kill('SIGKILL')
  }
  child.stdout?.on('data', (part: Buffer) => {
    bytes += part.length
    if (bytes > MAX_OUTPUT_BYTES) return kill('file')
    parts.push(part)
  })
  const cancelTimeout = clock.after(
    ms,
    () =>
      void computedMs(child.pid).then((computed) => {
        // A program that waited for most of the time was not kept busy by the file.
        const isMachine = computed < ms / 2 && !isLastTry
        if (isMachine) onTimeout()
        kill(isMachine ? 'machine' : 'file')
      }),
  )
  const stopWatching = clock.every(
    WATCH_EVERY_MS,
    () => void residentBytes(child.pid).then((rss) => rss > rssBytes && kill('file')),
  )
  const onEnding = (): void => kill('machine')
  ending?.addEventListener('abort', onEnding)
  if (ending?.aborted) onEnding()
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('error', () => resolve({ code: null, signal: NOT_STARTED }))
    child.once('close', (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }))
  })
  cancelTimeout()
  stopWatching()
  ending?.removeEventListener('abort', onEnding)
  // A program aborts because of the file. If it was killed, and not from here, the machine was short of memory.
  if (KILLED.has(signal) && blamed !== 'file') throw unavailable()
  if (code === EXIT_TOO_LONG) return { outcome: 'tooLong' }
  return code === 0 ? read(Buffer.concat(parts), sampleRate) : { outcome: 'unreadable' }
}

/**
 * Calls come first. A tenth of a call's weight, not the least there is: on a machine that is never idle, an upload would wait for ever.
 */
function giveWay({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL)
  } catch {
    // It has ended already, or the machine has no such thing.
  }
}

const NOT_STARTED = 'not started'
const KILLED: ReadonlySet<string | null> = new Set([NOT_STARTED, 'SIGKILL', 'SIGTERM'])
const RETRY_AFTER_MS = 10_000
const unavailable = (): FaultError =>
  new FaultError({ code: 'unavailable', what: 'decoder', retryAfterMs: RETRY_AFTER_MS })

function read(output: Buffer, given: number | undefined): DecodedFile {
  const head = given === undefined ? HEADER_BYTES : 0
  if (output.length < head + 2) return { outcome: 'unreadable' }
  const sampleRate = given ?? output.readUInt32LE()
  const pcm = pcmFromBytes(output.subarray(head))
  if (!pcm.ok) return { outcome: 'unreadable' }
  if ((pcm.value.length * 1000) / sampleRate > MAX_RECORDING_MS) return { outcome: 'tooLong' }
  return { outcome: 'decoded', pcm: pcm.value, sampleRate }
}
