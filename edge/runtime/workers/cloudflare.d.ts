// The part of the Workers runtime that is used here, by hand: @cloudflare/workers-types would replace the platform's types
// (Request, Response, WebSocket) for every file that the Worker shares with the Node host.

interface WebSocket {
  /** Of the server's end of a pair: from here on the runtime delivers. */
  accept(): void
  serializeAttachment(attachment: unknown): void
  deserializeAttachment(): unknown
}

interface ResponseInit {
  webSocket?: WebSocket
}

declare class WebSocketPair {
  readonly 0: WebSocket
  readonly 1: WebSocket
}

declare class WebSocketRequestResponsePair {
  constructor(request: string, response: string)
}

interface DurableObjectStorage {
  get<T>(key: string): Promise<T | undefined>
  /** `allowUnconfirmed`: what is sent meanwhile does not wait for the disk. */
  put<T>(key: string, value: T, options?: { allowUnconfirmed?: boolean }): Promise<void>
  setAlarm(at: number, options?: { allowUnconfirmed?: boolean }): Promise<void>
  deleteAlarm(): Promise<void>
  deleteAll(): Promise<void>
}

interface DurableObjectState {
  /** Loses the memory at once; what is on disk stays. */
  abort(reason: string): void
  readonly storage: DurableObjectStorage
  blockConcurrencyWhile<T>(run: () => Promise<T>): Promise<T>
  /** The socket outlives this object's memory. */
  acceptWebSocket(socket: WebSocket): void
  getWebSockets(): WebSocket[]
  setWebSocketAutoResponse(pair: WebSocketRequestResponsePair): void
  getWebSocketAutoResponseTimestamp(socket: WebSocket): Date | null
}

/** What the methods of an object look like from outside: each is a promise, and only what structured clone carries passes. */
type DurableObjectStub<T> = {
  [K in keyof T as T[K] extends (...args: never[]) => unknown ? K : never]: T[K] extends (...args: infer A) => infer R
    ? (...args: A) => Promise<Awaited<R>>
    : never
} & { fetch(url: string, init?: RequestInit): Promise<Response> }

interface DurableObjectNamespace<T> {
  getByName(name: string): DurableObjectStub<T>
}

interface R2Bucket {
  head(key: string): Promise<{ readonly size: number } | null>
  get(
    key: string,
    options?: { range: { offset: number; length: number } },
  ): Promise<{ readonly body: ReadableStream<Uint8Array<ArrayBuffer>> } | null>
  /** `sha256`: refused where the content has another one. */
  put(key: string, content: Uint8Array<ArrayBuffer>, options: { sha256: string }): Promise<unknown>
  delete(key: string): Promise<void>
  /** At most 1,000, in the order of their names; the cursor of a truncated page asks for the next. */
  list(options: { prefix: string; cursor?: string }): Promise<{
    readonly objects: Array<{ readonly key: string; readonly uploaded: Date }>
    readonly truncated: boolean
    readonly cursor?: string
  }>
}

declare module 'cloudflare:workers' {
  export function waitUntil(work: Promise<unknown>): void
  export abstract class DurableObject<Bindings> {
    protected readonly ctx: DurableObjectState
    protected readonly env: Bindings
    constructor(ctx: DurableObjectState, env: Bindings)
  }
}
