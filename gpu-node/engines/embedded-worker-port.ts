// The thread's end of embedded-worker.ts: answers each numbered request in order. Imported by worker entries only.
import { parentPort } from 'node:worker_threads'
import type { Transferable } from 'node:worker_threads'
import { invariant } from '#shared/invariant.ts'
import type { WorkerMessage } from './embedded-worker.ts'

export interface Answer {
  reply: unknown
  transfer?: Transferable[]
  /** Runs when the answer is on its way: preparations for the next request. */
  afterwards?: () => void
}

export interface ServeOptions {
  /** What a request throws leaves the engine in an unknown state: the thread ends, and its owner starts another. */
  endsOnFailure?: boolean
}

/** Serves until the thread is ended. What `answer` throws fails that request and not the thread, unless asked to. */
export function serveRequests<Request>(answer: (request: Request) => Answer, options: ServeOptions = {}): void {
  invariant(parentPort, 'runs in a worker thread')
  const port = parentPort
  port.on('message', ({ id, request }: { id: number; request: Request }) => {
    try {
      const { reply, transfer = [], afterwards } = answer(request)
      if (id !== 0) port.postMessage({ id, reply } satisfies WorkerMessage, transfer)
      afterwards?.()
    } catch (thrown) {
      if (options.endsOnFailure) throw thrown
      port.postMessage({ id, failure: String(thrown) } satisfies WorkerMessage)
    }
  })
}

export function sendEvent(event: unknown): void {
  parentPort?.postMessage({ event } satisfies WorkerMessage)
}
