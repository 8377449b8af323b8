// What a socket carries through its object's sleep: as text in plain characters, so that its size is known before it is
// written. Over the platform's limit the write would fail when the socket is already open.
import { invariant } from '#shared/invariant.ts'
import { asciiJson } from './ascii-json.ts'
import { PLATFORM_ATTACHMENT_BYTES } from './platform-limits.ts'

/** What the runtime adds to a text: its format’s version, the type and the length. */
const FRAMING_BYTES = 8

export function attachmentText(value: object): string {
  const text = asciiJson(value)
  invariant(text.length + FRAMING_BYTES <= PLATFORM_ATTACHMENT_BYTES, 'an attachment fits into what a socket may carry')
  return text
}

/** Of an attachment that attachmentText() made, and nobody else. */
export function readAttachment<T>(attachment: unknown): T {
  invariant(typeof attachment === 'string', 'a socket carries what it was given')
  return JSON.parse(attachment) as T
}
