// Speech that was made before, on this node's disk: a folder a voice, a file a piece, bounded, the one used longest ago goes first.
// What is there is read from the folder itself at the start, so nothing can disagree with it. Wrapped around a voice by
// cached-tts.ts. A file that is not what was written is dropped; a disk that fails costs a hit, never a reply.
import { chmod, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '#shared/clock.ts'
import type { Log } from '#shared/log.ts'
import { readSpeech, writeSpeech, type CachedSpeech } from './cache-file.ts'

/** Pieces: some hours of phrases. A folder of more would be slow to read at the start. */
export const MAX_ENTRIES = 20_000
/** One piece: a minute at 48 kHz, as the turn takes at most. */
export const MAX_ENTRY_BYTES = 6 * 1024 * 1024
/** Keys of what was spoken once. Only what is spoken again is kept: the rest, most of it about one caller, never reaches the disk. */
const MAX_SEEN = 4_096
/** How often a use is written to the file's time at most. It only orders what goes first. */
const NOTE_USE_AFTER_MS = 60_000

const EXTENSION = '.pcm'
const VOICE_FOLDER = /^[0-9a-f]{64}$/
const SPEECH_FILE = /^[0-9a-f]{64}\.pcm$/

/** Where a piece is: the hash of its voice, and its key. */
export interface Place {
  voiceHash: string
  key: string
}

export interface SpeechCacheOptions {
  folder: string
  maxBytes: number
  clock: Clock
  log: Log
}

interface Entry extends Place {
  bytes: number
  usedAt: number
}

export interface SpeechCacheStats {
  hits: number
  misses: number
  entries: number
  bytes: number
}

export class SpeechCache {
  readonly #options: SpeechCacheOptions
  /** By key, the one used longest ago first. */
  readonly #entries = new Map<string, Entry>()
  readonly #seen = new Set<string>()
  #bytes = 0
  #hits = 0
  #misses = 0
  #writes: Promise<void> = Promise.resolve()

  private constructor(options: SpeechCacheOptions) {
    this.#options = options
  }

  /** Makes the folder where it is not there, and reads what is in it. */
  static async open(options: SpeechCacheOptions): Promise<SpeechCache> {
    const cache = new SpeechCache(options)
    await mkdir(options.folder, { recursive: true, mode: 0o700 })
    await chmod(options.folder, 0o700)
    await cache.#readFolder()
    await cache.#makeRoom()
    return cache
  }

  get stats(): SpeechCacheStats {
    return { hits: this.#hits, misses: this.#misses, entries: this.#entries.size, bytes: this.#bytes }
  }

  async read({ key }: Place): Promise<CachedSpeech | undefined> {
    const entry = this.#entries.get(key)
    const speech = entry && (await this.#load(entry))
    if (speech) this.#hits++
    else this.#misses++
    return speech
  }

  /** Keeps a piece from the second time on that it is offered. Resolves when it is on the disk, or has failed. */
  keep(place: Place, speech: CachedSpeech): Promise<void> {
    if (!this.#seen.delete(place.key)) {
      this.#seen.add(place.key)
      for (const oldest of this.#seen) if (this.#seen.size > MAX_SEEN) this.#seen.delete(oldest)
      return Promise.resolve()
    }
    return this.#inOrder('store a piece of speech', () => this.#write(place, speech))
  }

  /** Deletes everything that a deleted voice said. */
  forgetVoice(voiceHash: string): Promise<void> {
    return this.#inOrder('forget a voice', async () => {
      if (!VOICE_FOLDER.test(voiceHash)) return
      for (const entry of this.#entries.values()) if (entry.voiceHash === voiceHash) this.#forget(entry)
      await rm(join(this.#options.folder, voiceHash), { recursive: true, force: true })
    })
  }

  async #load(entry: Entry): Promise<CachedSpeech | undefined> {
    const { clock, log } = this.#options
    try {
      const speech = readSpeech(await readFile(this.#fileOf(entry)))
      if (speech) {
        this.#use(entry, clock.now())
        return speech
      }
      log.warn({ key: entry.key }, 'a piece of cached speech is damaged and dropped')
    } catch (error) {
      log.warn({ key: entry.key, error }, 'a piece of cached speech cannot be read')
    }
    await this.#inOrder('drop a piece of speech', () => this.#drop(entry))
    return undefined
  }

  #use(entry: Entry, now: number): void {
    // It may have been forgotten while it was read.
    if (!this.#entries.delete(entry.key)) return
    const isNoted = now - entry.usedAt < NOTE_USE_AFTER_MS
    const used = isNoted ? entry : { ...entry, usedAt: now }
    this.#entries.set(entry.key, used)
    if (!isNoted) utimes(this.#fileOf(entry), now / 1000, now / 1000).catch(() => {})
  }

  async #write(place: Place, speech: CachedSpeech): Promise<void> {
    const content = writeSpeech(speech)
    if (content.length > MAX_ENTRY_BYTES || content.length > this.#options.maxBytes) return
    if (this.#entries.has(place.key)) return
    const entry = { ...place, bytes: content.length, usedAt: this.#options.clock.now() }
    await mkdir(join(this.#options.folder, place.voiceHash), { recursive: true, mode: 0o700 })
    // Whole or not at all, also where the machine stops in the middle.
    const unfinished = `${this.#fileOf(entry)}.new`
    await writeFile(unfinished, content, { mode: 0o600 })
    await utimes(unfinished, entry.usedAt / 1000, entry.usedAt / 1000)
    await rename(unfinished, this.#fileOf(entry))
    this.#add(entry)
    await this.#makeRoom()
  }

  async #makeRoom(): Promise<void> {
    for (const entry of this.#entries.values()) {
      if (this.#bytes <= this.#options.maxBytes && this.#entries.size <= MAX_ENTRIES) return
      await this.#drop(entry)
    }
  }

  async #drop(entry: Entry): Promise<void> {
    this.#forget(entry)
    await rm(this.#fileOf(entry), { force: true })
  }

  #add(entry: Entry): void {
    this.#entries.set(entry.key, entry)
    this.#bytes += entry.bytes
  }

  #forget(entry: Entry): void {
    if (this.#entries.delete(entry.key)) this.#bytes -= entry.bytes
  }

  async #readFolder(): Promise<void> {
    const { folder } = this.#options
    const found: Entry[] = []
    for (const voiceHash of await readdir(folder)) {
      if (!VOICE_FOLDER.test(voiceHash)) continue
      for (const name of await readdir(join(folder, voiceHash))) {
        const file = join(folder, voiceHash, name)
        // The rest of a write that did not end.
        if (!SPEECH_FILE.test(name)) await rm(file, { recursive: true, force: true })
        else {
          const { size, mtimeMs } = await stat(file)
          found.push({ voiceHash, key: name.slice(0, -EXTENSION.length), bytes: size, usedAt: mtimeMs })
        }
      }
    }
    for (const entry of found.toSorted((a, b) => a.usedAt - b.usedAt)) this.#add(entry)
  }

  #fileOf({ voiceHash, key }: Place): string {
    return join(this.#options.folder, voiceHash, key + EXTENSION)
  }

  /** Changes of the folder are made one after another. */
  #inOrder(what: string, work: () => Promise<void>): Promise<void> {
    this.#writes = this.#writes
      .then(work)
      .catch((error: unknown) => this.#options.log.warn({ error }, `cannot ${what}`))
    return this.#writes
  }
}
