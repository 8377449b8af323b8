// Asks an edge for a list, with a key and over connections that stay open, as fast as it answers. Used by hosts.ts.
import { Agent, get } from 'node:http'
import { monotonicMs } from './monotonic.ts'

/** Requests that wait for their answers at the same time: enough that the edge is never idle. */
const AT_ONCE = 16

export async function askList(
  { url, key }: { url: string; key: string },
  durationMs: number,
): Promise<{ answered: number; tookMs: number }> {
  const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE })
  const options = { agent, headers: { authorization: `Bearer ${key}` } }
  const startedAt = monotonicMs()
  let answered = 0
  const askOn = async (): Promise<void> => {
    for (; monotonicMs() < startedAt + durationMs; answered++) await ask(`${url}/api/personas`, options)
  }
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, askOn))
    return { answered, tookMs: monotonicMs() - startedAt }
  } finally {
    agent.destroy()
  }
}

function ask(url: string, options: { agent: Agent; headers: Record<string, string> }): Promise<void> {
  return new Promise((resolve, reject) => {
    get(url, options, (response) => {
      response.resume()
      response.once('error', reject)
      response.once('end', () =>
        response.statusCode === 200
          ? resolve()
          : reject(new Error(`the list was answered with ${response.statusCode}`)),
      )
    }).once('error', reject)
  })
}
