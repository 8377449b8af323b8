// Text generation by any server of POST /v1/chat/completions: vLLM, llama.cpp, a hosted one. Chosen by choose-engines.ts.
// Streams the spoken part of the reply; a model's reasoning is dropped. Does not know what the text is for.
import * as v from 'valibot'
import type { Log } from '#shared/log.ts'
import type { OpenAiAddress, OpenAiServer } from './request.ts'
import type { ServerEvent } from './events.ts'
import { EVENT_STREAM, readEvents } from './events.ts'
import { engineFailed, Exchange, openAiServer } from './request.ts'
import { createThinkFilter } from './thinking.ts'
import type { Llm, LlmDelta, LlmOptions } from '#gpu-node/engines/ports.ts'

/** Time to the first word. Generous, since a caller waits: a cold server on a busy card takes seconds, not tens. */
export const FIRST_TOKEN_TIMEOUT_MS = 15_000
/** Time between two events after that. A stream that pauses for so long has lost its server. */
export const IDLE_TIMEOUT_MS = 10_000
/** Wait for the usage once the text is complete; a reply does not become late for its bill. */
const USAGE_TIMEOUT_MS = 500

export interface OpenAiLlmOptions extends OpenAiAddress {
  log: Log
  firstTokenTimeoutMs?: number
  idleTimeoutMs?: number
}

const Chunk = v.object({
  choices: v.optional(
    v.array(
      v.object({
        delta: v.nullish(v.object({ content: v.nullish(v.string()) })),
        finish_reason: v.nullish(v.string()),
      }),
    ),
    [],
  ),
  usage: v.nullish(v.object({ prompt_tokens: v.number(), completion_tokens: v.number() })),
})

export function createOpenAiLlm(options: OpenAiLlmOptions): Llm {
  const server = openAiServer('llm', options)
  return {
    engine: server.engine,
    complete: (request) => complete(server, options, request),
    close: async () => {},
  }
}

async function* complete(
  server: OpenAiServer,
  options: OpenAiLlmOptions,
  request: LlmOptions,
): AsyncGenerator<LlmDelta> {
  const exchange = await Exchange.open(server, {
    path: 'chat/completions',
    body: requestBody(options.model, request),
    signal: request.signal,
    traceparent: request.traceparent,
    limitMs: options.firstTokenTimeoutMs ?? FIRST_TOKEN_TIMEOUT_MS,
  })
  let isComplete = false
  try {
    if (exchange.contentType !== EVENT_STREAM)
      throw engineFailed(server, { detail: `an answer of type ${exchange.contentType}`, transient: false })
    const reading = { server, exchange, idleMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS, log: options.log }
    for await (const delta of readReply(reading)) {
      exchange.rest()
      request.signal.throwIfAborted()
      yield delta
      exchange.within(reading.idleMs)
    }
    request.signal.throwIfAborted()
    isComplete = true
  } finally {
    if (isComplete) void exchange.release()
    else exchange.close()
  }
}

function requestBody(model: string, request: LlmOptions): string {
  return JSON.stringify({
    model,
    messages: request.messages,
    max_tokens: request.maxTokens,
    stream: true,
    // Without it no usage is sent at all.
    stream_options: { include_usage: true },
  })
}

interface Reading {
  server: OpenAiServer
  exchange: Exchange
  idleMs: number
  log: Log
}

async function* readReply({ server, exchange, idleMs, log }: Reading): AsyncGenerator<LlmDelta> {
  const filter = createThinkFilter()
  let usage: LlmDelta | undefined
  let hasText = false
  let isComplete = false
  try {
    for await (const event of readEvents(exchange.bytes(), server)) {
      const chunk = readChunk(event, server)
      usage = chunk.usage ?? usage
      const text = filter.push(chunk.text)
      if (text !== '') yield { type: 'text', text }
      hasText ||= text !== ''
      isComplete ||= chunk.isLast
      // Reasoning and empty role chunks do not put off the deadline of the first word: the caller hears none of them.
      if (hasText) exchange.within(idleMs)
      if (isComplete) exchange.within(USAGE_TIMEOUT_MS)
    }
  } catch (thrown) {
    if (!isComplete || exchange.isAborted) throw thrown
    // Everything that is spoken has arrived: only the usage is lost.
    log.debug({ engine: server.engine.name }, 'the stream broke after its text')
  }
  if (!isComplete) throw engineFailed(server, { detail: 'the stream ended before the reply', transient: true })
  yield* ending(filter.end(), usage)
}

function* ending(rest: string, usage: LlmDelta | undefined): Generator<LlmDelta> {
  if (rest !== '') yield { type: 'text', text: rest }
  if (usage) yield usage
}

interface ReplyChunk {
  text: string
  isLast: boolean
  usage?: LlmDelta
}

function readChunk(event: ServerEvent, server: OpenAiServer): ReplyChunk {
  if (event.done) return { text: '', isLast: true }
  const parsed = v.safeParse(Chunk, event.json)
  if (!parsed.success) throw engineFailed(server, { detail: 'an event of unknown form', transient: false })
  const { choices, usage } = parsed.output
  return {
    text: choices[0]?.delta?.content ?? '',
    isLast: typeof choices[0]?.finish_reason === 'string',
    usage: usage
      ? { type: 'usage', promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens }
      : undefined,
  }
}
