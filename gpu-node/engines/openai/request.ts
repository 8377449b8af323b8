// One request to an OpenAI-compatible server: address, key, traceparent, deadlines, and every failure as a fault.
// Used by the drivers of this folder. Does not know what the three endpoints say; events.ts reads event streams.
// A fault's detail holds the status and the server's own error code, never its message: servers echo prompts and keys.
import type { Clock } from '#shared/clock.ts'
import { systemClock } from '#shared/clock.ts'
import type { Stage } from '#shared/fault.ts'
import { FaultError } from '#shared/fault.ts'
import type { EngineInfo } from '#shared/model/engine.ts'
import { engineId } from '#shared/model/engine.ts'
import { errorName, isQuotaUsedUp } from './error.ts'

/** An answer that is read whole (JSON, an error) may be this long; a transcript of 60 s is under 10 KiB. */
const MAX_ANSWER_BYTES = 256 * 1024
/** How long a finished answer may take to end, before its connection is cut instead of used again. */
const RELEASE_TIMEOUT_MS = 200

/** What every driver is told about its server. */
export interface OpenAiAddress {
  /** Base address, with or without a version and a slash at its end; see endpointUrl(). */
  url: string
  /** The server's name of the weights. Also the name of the engine. */
  model: string
  apiKey?: string
  /** Version of the engine, for rollouts. */
  version?: string
  fetch?: typeof fetch
  clock?: Clock
}

/** One server in one role. */
export interface OpenAiServer {
  engine: EngineInfo
  stage: Stage
  url: string
  apiKey?: string
  fetch: typeof fetch
  clock: Clock
}

export interface OpenAiCall {
  /** Path below the base address, such as `chat/completions`. */
  path: string
  /** A string is sent as JSON. */
  body: string | FormData
  signal: AbortSignal
  traceparent?: string
  /** Time until the first sign of life that the driver accepts; it prolongs it by `within`. */
  limitMs: number
}

export function openAiServer(role: Stage, address: OpenAiAddress): OpenAiServer {
  endpointUrl(address.url, '')
  return {
    // 64 is the limit of EngineInfo; the end of a path-like name is the part that tells models apart.
    engine: { role, name: address.model.slice(-64), version: address.version ?? 'v1', demonstration: false },
    stage: role,
    url: address.url,
    apiKey: address.apiKey,
    fetch: address.fetch ?? fetch,
    clock: address.clock ?? systemClock,
  }
}

/**
 * `http://host:8000`, `http://host:8000/` and `http://host:8000/v1/` mean the same: without a path segment such as
 * `v1`, `v3` or `v1beta`, `/v1` is added. A query (`?api-version=…`) is kept.
 */
export function endpointUrl(base: string, path: string): URL {
  if (!URL.canParse(base)) throw new Error('the address of an OpenAI-compatible server is no URL')
  const url = new URL(base)
  // The address is not quoted: it may have a password, which must not be in a log.
  if (url.username || url.password) throw new Error('the address of an OpenAI-compatible server holds credentials')
  const segments = url.pathname.split('/').filter((segment) => segment !== '')
  if (!segments.some((segment) => /^v\d/.test(segment))) segments.push('v1')
  url.pathname = `/${[...segments, path].join('/')}`
  return url
}

/** A failure of this server as a fault. */
export function engineFailed(
  server: OpenAiServer,
  facts: { detail: string; transient: boolean; blames?: 'request'; cause?: unknown },
): FaultError {
  const { detail, transient, blames, cause } = facts
  const failed = { code: 'engine_failed', engineId: engineId(server.engine), stage: server.stage } as const
  return new FaultError({ ...failed, transient, detail, ...(blames && { blames }) }, { cause })
}

/** Answers that one caller's words, voice or audio may cause. They say nothing about the engine's health. */
const REQUESTS_FAULT: ReadonlySet<number> = new Set([400, 404, 413, 415, 422])

/** An answered request, open until close(). Close it always: that ends the connection where the answer is unfinished. */
export class Exchange {
  readonly #server: OpenAiServer
  readonly #call: OpenAiCall
  readonly #controller = new AbortController()
  #cancelDeadline: () => void = () => {}
  #tooLate: FaultError | undefined
  #answer: Response | undefined
  #reader: ReadableStreamDefaultReader<Uint8Array> | undefined

  private constructor(server: OpenAiServer, call: OpenAiCall) {
    this.#server = server
    this.#call = call
  }

  /** Sends the request. Resolves with a 2xx answer; anything else is thrown as a fault. */
  static async open(server: OpenAiServer, call: OpenAiCall): Promise<Exchange> {
    call.signal.throwIfAborted()
    const exchange = new Exchange(server, call)
    call.signal.addEventListener('abort', exchange.#onAbort, { once: true })
    exchange.within(call.limitMs)
    try {
      await exchange.#send()
      return exchange
    } catch (thrown) {
      exchange.close()
      throw thrown
    }
  }

  /** Whether the caller ended it. */
  get isAborted(): boolean {
    return this.#call.signal.aborted
  }

  get contentType(): string {
    return (this.header('content-type')?.split(';')[0] ?? '').trim().toLowerCase()
  }

  header(name: string): string | null {
    return this.#answer?.headers.get(name) ?? null
  }

  /** The next sign of life must come within this time; replaces the deadline before it. */
  within(limitMs: number): void {
    this.#cancelDeadline()
    this.#cancelDeadline = this.#server.clock.after(limitMs, () => {
      this.#tooLate = new FaultError({ code: 'deadline_exceeded', stage: this.#server.stage, limitMs })
      this.#controller.abort('deadline')
    })
  }

  /** No deadline, while the receiver of a piece is busy with it. */
  rest(): void {
    this.#cancelDeadline()
  }

  /** The body as it arrives. */
  async *bytes(): AsyncGenerator<Uint8Array> {
    while (this.#reader) {
      const piece = await this.#reader.read().catch((thrown: unknown) => {
        throw this.#failure(thrown)
      })
      this.#call.signal.throwIfAborted()
      if (piece.done) return
      yield piece.value
    }
  }

  async text(): Promise<string> {
    const parts: Uint8Array[] = []
    let length = 0
    for await (const part of this.bytes()) {
      length += part.byteLength
      if (length > MAX_ANSWER_BYTES)
        throw engineFailed(this.#server, { detail: `an answer of over ${MAX_ANSWER_BYTES} bytes`, transient: false })
      parts.push(part)
    }
    return Buffer.concat(parts).toString('utf8')
  }

  /** The answer is complete: lets it end by itself and then closes, so that its connection serves the next request. */
  async release(): Promise<void> {
    this.within(RELEASE_TIMEOUT_MS)
    try {
      let piece = await this.#reader?.read()
      while (piece?.done === false) piece = await this.#reader?.read()
    } catch {
      // Cut by the deadline, the caller or the server: nothing was awaited from it any more.
    } finally {
      this.close()
    }
  }

  /** Idempotent. */
  close(): void {
    this.#cancelDeadline()
    this.#call.signal.removeEventListener('abort', this.#onAbort)
    this.#controller.abort('replaced')
  }

  readonly #onAbort = (): void => this.#controller.abort(this.#call.signal.reason)

  async #send(): Promise<void> {
    const { body, path, traceparent } = this.#call
    const headers = new Headers()
    // The boundary of a multipart body is set by fetch itself.
    if (typeof body === 'string') headers.set('content-type', 'application/json')
    if (this.#server.apiKey) headers.set('authorization', `Bearer ${this.#server.apiKey}`)
    if (traceparent) headers.set('traceparent', traceparent)
    const url = endpointUrl(this.#server.url, path)
    // Redirects are refused: a POST would turn into a GET, and the key must not travel on.
    const init: RequestInit = { method: 'POST', headers, body, redirect: 'manual', signal: this.#controller.signal }
    this.#answer = await this.#server.fetch(url, init).catch((thrown: unknown) => {
      throw this.#failure(thrown)
    })
    this.#reader = this.#answer.body?.getReader()
    if (!this.#answer.ok) throw await this.#refusal(this.#answer.status)
  }

  async #refusal(status: number): Promise<unknown> {
    // Best effort: a body that breaks or never ends must not hide the status.
    const body = await this.text().catch(() => '')
    if (this.#call.signal.aborted) return this.#call.signal.reason
    const name = errorName(body)
    const transient = (status >= 500 || status === 408 || status === 425 || status === 429) && !isQuotaUsedUp(name)
    const detail = ['http', status, name].filter(Boolean).join(' ')
    return engineFailed(this.#server, { detail, transient, ...(REQUESTS_FAULT.has(status) && { blames: 'request' }) })
  }

  /** Why fetch or a read threw: the caller's abort, our deadline, or the connection. */
  #failure(thrown: unknown): unknown {
    if (this.#call.signal.aborted) return this.#call.signal.reason
    if (this.#tooLate) return this.#tooLate
    return engineFailed(this.#server, { detail: `connection ${causeCode(thrown)}`, transient: true, cause: thrown })
  }
}

/** Node's code of a failed connection, such as ECONNREFUSED; fetch hides it one cause down. */
function causeCode(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined
  return cause instanceof Error && 'code' in cause ? String(cause.code) : 'broken'
}
