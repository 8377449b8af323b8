// Reads a server-sent event stream of an OpenAI-compatible server: bytes in, JSON values out.
// Used by llm.ts and stt.ts. Knows the end mark and error events, not what the values mean.
import { createParser } from 'eventsource-parser'
import { readServerError } from './error.ts'
import type { OpenAiServer } from './request.ts'
import { engineFailed } from './request.ts'

/** One event at most, in characters. A chunk of a chat is under 1 KiB, with log probabilities some 10 KiB. */
export const MAX_EVENT_CHARS = 256 * 1024

export const EVENT_STREAM = 'text/event-stream'

/** `[DONE]`, which ends an OpenAI stream, or the JSON of one event. */
export type ServerEvent = { done: true } | { done: false; json: unknown }

/** The events, however the network cut the bytes. Ends with the stream or after `[DONE]`; an error event is thrown. */
export async function* readEvents(
  chunks: AsyncIterable<Uint8Array>,
  server: OpenAiServer,
): AsyncGenerator<ServerEvent> {
  // At most what one network chunk holds (64 KiB): emptied before the next is read.
  const texts: string[] = []
  let isTooLong = false
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARS,
    onEvent: (event) => texts.push(event.data),
    onError: (error) => (isTooLong ||= error.type === 'max-buffer-size-exceeded'),
  })
  // One decoder for the stream: a character's bytes may lie in two chunks.
  const decoder = new TextDecoder()
  for await (const chunk of chunks) {
    parser.feed(decoder.decode(chunk, { stream: true }))
    for (const text of texts.splice(0)) {
      const event = readEvent(text, server)
      yield event
      if (event.done) return
    }
    if (isTooLong)
      throw engineFailed(server, { detail: `an event of over ${MAX_EVENT_CHARS} characters`, transient: false })
  }
}

function readEvent(text: string, server: OpenAiServer): ServerEvent {
  if (text.trim() === '[DONE]') return { done: true }
  const json = parseJson(text, server)
  const error = readServerError(json)
  if (error) {
    const detail = ['error event', error.name].filter(Boolean).join(' ')
    throw engineFailed(server, { detail, transient: error.transient })
  }
  return { done: false, json }
}

/** JSON of a server, or the fault that it is none. The text is not quoted: it may hold a caller's words. */
export function parseJson(text: string, server: OpenAiServer): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw engineFailed(server, { detail: 'an answer that is not JSON', transient: false })
  }
}
