// Finds the link's number in a frame that could not be read as a message, so that it can be counted all the same.
import type { Frame } from '#shared/link/frame.ts'
import { AUDIO_HEADER_BYTES, sequenceOf } from './audio-frame.ts'
import { isDeep } from './decode.ts'

/** The number of an unreadable frame; undefined where it has none or it cannot be known. */
export function numberOf(frame: Frame, maxBytes: number): number | undefined {
  if (typeof frame !== 'string') return frame.byteLength < AUDIO_HEADER_BYTES ? undefined : sequenceOf(frame)
  if (frame.length > maxBytes || isDeep(frame) || !frame.includes('"seq"')) return undefined
  try {
    const value: unknown = JSON.parse(frame)
    if (typeof value !== 'object' || value === null || !('seq' in value)) return undefined
    return typeof value.seq === 'number' && Number.isInteger(value.seq) ? value.seq : undefined
  } catch {
    return undefined
  }
}
