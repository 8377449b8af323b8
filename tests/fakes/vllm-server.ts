// A stand-in that speaks as vLLM's server does (vllm/entrypoints/openai, 0.29–0.33): the same chunks in the same order, its refusals,
// its probes and its gauges, on a real socket. Understands nothing of what it is asked. Records which paths were called.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface VllmScript {
  words: string[]
  /** The queue is full (--max-num-queued-reqs): 503 before anything else. */
  isFull?: boolean
  /** After so many words the engine dies within the stream. */
  diesAfter?: number
  /** After so many words nothing more comes. */
  hangsAfter?: number
  /** Whether EngineCore is dead: /health says 503 from then on. */
  isDead?: boolean
  waiting?: number
  kvCache?: number
}

export interface VllmServer {
  url: string
  /** Method and path of each request. */
  calls: string[]
  /** Streams whose client hung up, as vLLM's abort on disconnect sees them. */
  aborted: () => number
  script: VllmScript
  stop(): Promise<void>
}

export async function startVllmServer(script: VllmScript, port = 0): Promise<VllmServer> {
  const calls: string[] = []
  let aborted = 0
  const state = { script }
  const server = createServer((request, response) => {
    calls.push(`${request.method} ${request.url}`)
    response.once('close', () => {
      if (!response.writableFinished) aborted += 1
    })
    void answer(request, response, state.script)
  }).listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    aborted: () => aborted,
    get script() {
      return state.script
    },
    set script(next: VllmScript) {
      state.script = next
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, script: VllmScript): Promise<void> {
  // Read whole, as the real one does before it answers.
  for await (const _ of request);
  switch (request.url) {
    case '/health':
      return void response.writeHead(script.isDead ? 503 : 200).end()
    case '/v1/models':
      return json(response, 200, { object: 'list', data: [{ id: 'llm', object: 'model' }] })
    case '/metrics':
      return void response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(gauges(script))
    case '/v1/chat/completions':
      return script.isFull ? full(response) : stream(response, script)
    default:
      return json(response, 404, { error: { message: 'Not Found', type: 'NotFoundError', param: null, code: 404 } })
  }
}

function stream(response: ServerResponse, { words, diesAfter, hangsAfter }: VllmScript): void {
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
  const say = (data: unknown): void => void response.write(`data: ${JSON.stringify(data)}\n\n`)
  const chunk = (choices: unknown[], more: object = { usage: null }): object => ({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1_790_000_000,
    model: 'llm',
    choices,
    ...more,
  })
  const choice = (delta: object, finish: string | null = null) => ({
    index: 0,
    delta,
    logprobs: null,
    finish_reason: finish,
  })
  // The role comes alone, with no word; it is no first token.
  say(chunk([choice({ role: 'assistant', content: '' })]))
  response.write(': keep-alive\n\n')
  for (const [at, word] of words.entries()) {
    if (at === hangsAfter) return
    if (at === diesAfter) {
      say({
        error: { message: 'EngineCore encountered an issue.', type: 'InternalServerError', param: null, code: 500 },
      })
      response.end('data: [DONE]\n\n')
      return
    }
    say(chunk([choice({ content: word })]))
  }
  say(chunk([choice({ content: '' }, 'stop')]))
  const usage = { prompt_tokens: 12, total_tokens: 12 + words.length, completion_tokens: words.length }
  say(chunk([], { usage }))
  response.end('data: [DONE]\n\n')
}

function full(response: ServerResponse): void {
  json(response, 503, {
    error: { message: 'The request queue is full.', type: 'ServiceUnavailableError', param: null, code: 503 },
  })
}

const gauges = ({
  waiting = 0,
  kvCache = 0,
}: VllmScript): string => `# HELP vllm:num_requests_waiting Number of requests waiting.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{engine="0",model_name="llm"} ${waiting}.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{engine="0",model_name="llm"} ${kvCache}
vllm:num_requests_waiting_by_reason{engine="0",model_name="llm",reason="capacity"} 99.0
`

function json(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
