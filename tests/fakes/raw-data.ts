// What the package ws hands over, as bytes and as text.
import type { RawData } from 'ws'

export const bytesOf = (content: RawData): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Array.isArray(content) ? Buffer.concat(content) : content)
export const textOf = (content: RawData): string => new TextDecoder().decode(bytesOf(content))
