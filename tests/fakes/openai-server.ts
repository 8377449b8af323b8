// An OpenAI-compatible server on a real socket of 127.0.0.1 that plays scripted answers, the broken ones too.
// Used by the tests of the openai-* drivers. Records each request and how it ended; understands nothing of them.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

export type Step =
  | { write: string | Uint8Array }
  /** Goes on when the test says so. */
  | { until: Promise<unknown> }
  /** Never goes on; the answer stays open. */
  | { hang: true }
  /** The connection breaks. */
  | { destroy: true }

export interface Answer {
  status?: number
  type?: string
  headers?: Record<string, string>
  /** After the last step the answer ends properly. */
  steps: Step[]
}

export interface RecordedRequest {
  path: string
  headers: IncomingMessage['headers']
  body: Buffer<ArrayBuffer>
  /** `ended` when the answer was played to its end, `cut` when the connection was closed before. */
  outcome: Promise<'ended' | 'cut'>
  /** Which connection it came by, counted from 1. */
  connection: number
}

export interface OpenAiServer {
  url: string
  requests: RecordedRequest[]
  /** Requests that are being answered now, and the most that ever were at once. */
  open: { now: number; most: number }
  /** The answers of the next requests, in order; the last is used for all that follow. */
  script(...answers: Answer[]): void
  /** Resolves when this many requests have come. */
  received(count: number): Promise<RecordedRequest>
  stop(): Promise<void>
}

export async function startOpenAiServer(): Promise<OpenAiServer> {
  const server = createServer()
  const requests: RecordedRequest[] = []
  const open = { now: 0, most: 0 }
  const sockets: unknown[] = []
  let answers: Answer[] = []

  server.on('connection', (socket) => sockets.push(socket))
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    open.most = Math.max(open.most, ++open.now)
    const outcome = once(response, 'close').then(() => {
      open.now--
      return response.writableFinished ? 'ended' : 'cut'
    })
    void collect(request).then((body) => {
      const connection = sockets.indexOf(request.socket) + 1
      requests.push({ path: request.url ?? '', headers: request.headers, body, outcome, connection })
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      server.emit('recorded')
      return play(response, answer ?? { status: 500, steps: [{ write: 'no script' }] })
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    requests,
    open,
    script: (...next) => {
      answers = next
    },
    received: async (count) => {
      for (;;) {
        const request = requests[count - 1]
        if (request) return request
        await once(server, 'recorded')
      }
    },
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

async function collect(request: IncomingMessage): Promise<Buffer<ArrayBuffer>> {
  const parts: Buffer[] = []
  // A request that is cut while it is sent is recorded as far as it came.
  try {
    for await (const part of request) parts.push(part as Buffer)
  } catch {}
  return Buffer.concat(parts)
}

async function play(response: ServerResponse, answer: Answer): Promise<void> {
  response.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'text/event-stream', ...answer.headers })
  response.flushHeaders()
  for (const step of answer.steps) {
    if (response.destroyed || 'hang' in step) return
    if ('destroy' in step) return void response.destroy()
    if ('until' in step) await step.until
    else response.write(step.write)
  }
  response.end()
}

/** The fields and the file of a recorded multipart request. */
export async function formOf(request: RecordedRequest): Promise<FormData> {
  const type = request.headers['content-type'] ?? ''
  return await new Response(request.body, { headers: { 'content-type': type } }).formData()
}

export const jsonOf = (request: RecordedRequest): unknown => JSON.parse(request.body.toString('utf8'))

/** One server-sent event. */
export const sse = (value: unknown): string => `data: ${typeof value === 'string' ? value : JSON.stringify(value)}\n\n`

/** A chunk of a chat, as vLLM sends it. */
export const chatChunk = (content: string, finishReason: string | null = null): string =>
  sse({ object: 'chat.completion.chunk', choices: [{ index: 0, delta: { content }, finish_reason: finishReason }] })

/** A whole streamed chat: role, text, finish, usage, end mark. */
export function chat(...texts: string[]): Answer {
  const role = sse({ choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] })
  const usage = sse({ choices: [], usage: { prompt_tokens: 7, completion_tokens: texts.length, total_tokens: 7 } })
  const body = [role, ...texts.map((text) => chatChunk(text)), chatChunk('', 'stop'), usage, sse('[DONE]')]
  return { steps: body.map((write) => ({ write })) }
}

export const json = (value: unknown, status = 200): Answer => ({
  status,
  type: 'application/json',
  steps: [{ write: JSON.stringify(value) }],
})

/** A promise that the test opens. */
export function gate(): { opened: Promise<void>; open: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { opened: promise, open: resolve }
}

/** All that a stream yields. */
export async function listOf<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of stream) list.push(item)
  return list
}
