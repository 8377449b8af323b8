// BullMQ over a redis-server of its own, from Debian's package: in memory, without a file, which is more than fair to it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createConnection } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { freePort } from '#edge/cli/libsql-server.ts'
import { ATTEMPTS, RETRY_MS, type Contender, type House, type Work } from './house.ts'

const NAME = 'bench'

export const bullmq = (redisServer: string): Contender => ({ name: 'BullMQ 6.7.0', open: () => open(redisServer) })

async function open(redisServer: string): Promise<House> {
  const port = await freePort()
  const arguments_ = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const server = spawn(redisServer, arguments_, { stdio: 'ignore' })
  const exited = once(server, 'exit')
  while (!(await isListening(port))) await sleep(20)
  // Its worker waits in a call of redis, so it has a connection of its own.
  const connect = () => new Redis({ host: '127.0.0.1', port, maxRetriesPerRequest: null })
  const [connection, waiting] = [connect(), connect()]
  const queue = new Queue<Work>(NAME, { connection })
  let worker: Worker<Work> | undefined
  return {
    async add(work, priority) {
      const backoff = { type: 'fixed', delay: RETRY_MS }
      await queue.add('do', work, { priority: priority + 1, attempts: ATTEMPTS, backoff, removeOnComplete: true })
    },
    run(perform, concurrency) {
      worker = new Worker<Work>(NAME, (job) => perform(job.data, job.attemptsMade + 1), {
        connection: waiting,
        concurrency,
      })
    },
    async close() {
      await worker?.close()
      await queue.close()
      for (const one of [connection, waiting]) one.disconnect()
      server.kill()
      await exited
    },
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
