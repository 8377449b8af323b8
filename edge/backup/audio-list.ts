// The list of a backup's audio and voice samples: a line a file, sorted by hash. A line says how the file is stored: `z` packed with
// zstd, `r` as it is, `g` gone, because it was deleted between the database's copy and its own. Knows no file system.
import { BackupError } from './backup-error.ts'

export type StoredForm = 'z' | 'r' | 'g'

export interface AudioEntry {
  hash: string
  /** 0 where it is gone. */
  bytes: number
  storedBytes: number
  form: StoredForm
}

const LINE = /^([\da-f]{64}) (\d{1,12}) (\d{1,12}) ([zrg])$/
/** Packing must spare this share of a file, or it is stored as it is. */
const MIN_GAIN = 0.05

export const audioLine = ({ hash, bytes, storedBytes, form }: AudioEntry): string =>
  `${hash} ${bytes} ${storedBytes} ${form}\n`

/** Throws BackupError. */
export function readAudioLine(line: string): AudioEntry {
  const [, hash, bytes, storedBytes, form] = LINE.exec(line) ?? []
  if (hash === undefined) throw new BackupError('the list of audio has a line that is not one of ours')
  return { hash, bytes: Number(bytes), storedBytes: Number(storedBytes), form: form as StoredForm }
}

export const isWorthPacking = (bytes: number, packedBytes: number): boolean => packedBytes <= bytes * (1 - MIN_GAIN)
