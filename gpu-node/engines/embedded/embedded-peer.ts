// Where an embedded engine runs: a thread of this process, or a process of its own. embedded-worker.ts talks to either
// through this port; embedded-worker-port.ts is the other end of both.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import type { Transferable } from 'node:worker_threads'

export interface Peer {
  /** Moves what is in `transfer` where the peer shares our memory, and copies otherwise. */
  post(message: unknown, transfer: Transferable[]): void
  onMessage(receive: (message: unknown) => void): void
  /** Called when it failed or left, perhaps twice. */
  onGone(leave: (cause: unknown) => void): void
  end(): Promise<unknown>
}

export function threadPeer(entry: URL, workerData: unknown): Peer {
  const worker = new Worker(entry, { workerData })
  return {
    post: (message, transfer) => worker.postMessage(message, transfer),
    onMessage: (receive) => void worker.on('message', receive),
    onGone: (leave) => {
      worker.on('error', leave)
      worker.on('exit', (status) => leave(new Error(`left with status ${status}`)))
    },
    end: () => worker.terminate(),
  }
}

/** Ends with us, however we end: without its channel it leaves by itself. Sees none of our environment. */
export function processPeer(entry: URL, args: readonly string[]): Peer {
  const child = fork(fileURLToPath(entry), args, { env: {}, execArgv: [], serialization: 'advanced', stdio: 'ignore' })
  const gone = new Promise((resolve) => child.once('exit', resolve))
  return {
    post: (message) => void child.send(message as object),
    onMessage: (receive) => void child.on('message', receive),
    onGone: (leave) => {
      child.on('error', leave)
      child.on('exit', (status, signal) => leave(new Error(`left with status ${status ?? signal}`)))
    },
    end: () => {
      child.kill('SIGKILL')
      return gone
    },
  }
}
