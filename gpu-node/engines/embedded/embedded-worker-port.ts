// The worker's end of embedded-worker.ts: answers each numbered request in order. Imported by worker entries only.
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
  /** What a request throws leaves the engine in an unknown state: the worker ends, and its owner starts another. */
  endsOnFailure?: boolean
}

/** Serves until the worker is ended. If `answer` throws, that request fails; the worker fails only if asked to. */
export function serveRequests<Request>(answer: (request: Request) => Answer, options: ServeOptions = {}): void {
  const receive = ({ id, request }: { id: number; request: Request }) => {
    try {
      const { reply, transfer = [], afterwards } = answer(request)
      if (id !== 0) send({ id, reply }, transfer)
      afterwards?.()
    } catch (thrown) {
      if (options.endsOnFailure) throw thrown
      send({ id, failure: String(thrown) })
    }
  }
  if (parentPort) return void parentPort.on('message', receive)
  invariant(process.connected, 'runs in a worker thread or a forked process')
  process.on('message', receive)
  // Our owner has ended, however that came about.
  process.on('disconnect', () => process.exit())
  // Ctrl-C reaches the whole group; the owner ends us in its order.
  process.on('SIGINT', () => {})
}

export function sendEvent(event: unknown): void {
  send({ event })
}

function send(message: WorkerMessage, transfer: Transferable[] = []): void {
  if (parentPort) parentPort.postMessage(message, transfer)
  else process.send?.(message)
}
