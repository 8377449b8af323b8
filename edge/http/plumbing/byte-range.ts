// Reads a Range header (RFC 9110 §14.1.2) of one range of bytes. Several ranges, other units and what cannot be read are
// ignored, as the standard allows.
import type { ByteRange } from '#edge/ports.ts'

/** `unsatisfiable`: the range begins behind the end or is empty. */
export function readRange(header: string | undefined, bytes: number): ByteRange | 'unsatisfiable' | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? []
  if (first === '' && last === '') return undefined
  if (first === '') return from(Math.max(0, bytes - Number(last)), bytes - 1)
  if (last === '') return from(Number(first), bytes - 1)
  return Number(last) < Number(first) ? undefined : from(Number(first), Math.min(Number(last), bytes - 1))
}

function from(first: number, last: number): ByteRange | 'unsatisfiable' {
  return first > last ? 'unsatisfiable' : { offset: first, length: last - first + 1 }
}
