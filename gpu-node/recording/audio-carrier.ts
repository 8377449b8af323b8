// Brings the sound of a finished turn to the edge, before the turn itself: a turn that names a file must not be there without it. Used by
// the outbox. What cannot be brought for an hour, or at all, is left out: the words matter more.
import type { BlobHash } from '#shared/blob.ts'
import type { Clock } from '#shared/clock.ts'
import { faultOf } from '#shared/fault.ts'
import { isId, type TurnId } from '#shared/ids.ts'
import type { Log } from '#shared/log.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { AUDIO_PARTS, type TurnAudio } from '#shared/model/turn-audio.ts'
import type { BlobClient } from '#gpu-node/blob-client.ts'
import type { RecordingFiles } from './recording-files.ts'

const PATIENCE_MS = 60 * 60_000

interface CarrierOptions {
  blobs: BlobClient
  files: RecordingFiles
  clock: Clock
  log: Log
  /** Its sound is on its way to the disk. */
  isEncoding: (turnId: TurnId) => boolean
}

export class AudioCarrier {
  readonly #options: CarrierOptions
  /** By turn: the files that are dropped once the edge has the turn. */
  readonly #brought = new Map<string, BlobHash[]>()

  constructor(options: CarrierOptions) {
    this.#options = options
  }

  isAwaited(turnId: string): boolean {
    return isId('turn', turnId) && this.#options.isEncoding(turnId)
  }

  /** The turn as it may be sent now; undefined where it has to wait. */
  async bring(turn: TurnRecord): Promise<TurnRecord | undefined> {
    const { audio, ...bare } = turn
    if (!audio) return turn
    const kept: TurnAudio = {}
    for (const part of AUDIO_PARTS) {
      const hash = audio[part]
      if (hash === undefined) continue
      const outcome = await this.#put(hash, turn)
      if (outcome === 'later') return undefined
      if (outcome === 'there') kept[part] = hash
    }
    this.#brought.set(turn.id, Object.values(audio))
    return kept.utterance || kept.reply ? { ...bare, audio: kept } : bare
  }

  /** The edge has answered for the turn: its files are not needed here any more. */
  async settled(turnId: string): Promise<void> {
    const hashes = this.#brought.get(turnId) ?? []
    this.#brought.delete(turnId)
    for (const hash of hashes) await this.#options.files.drop(hash)
  }

  async #put(hash: BlobHash, { id: turnId, endedAt }: TurnRecord): Promise<'there' | 'gone' | 'later'> {
    const { blobs, files, clock, log } = this.#options
    const bytes = await files.get(hash)
    // Brought before a restart, or the disk was cleaned.
    if (!bytes) return 'gone'
    try {
      await blobs.put(bytes)
      return 'there'
    } catch (error) {
      const fault = faultOf(error)
      const isHopeless = fault.code !== 'unavailable' || clock.now() - endedAt > PATIENCE_MS
      log.warn({ turnId, fault, isHopeless }, 'the sound of a turn cannot be brought to the edge')
      return isHopeless ? 'gone' : 'later'
    }
  }
}
