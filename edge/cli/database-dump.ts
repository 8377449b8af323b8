// The database alone in one new file: a database file is copied as a database; a libSQL server gives SQL text, which makes the same
// database again (`sqlite3 new.db < copy.sql`). Used by `parley backup --out`.
import { createWriteStream, renameSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { FaultError } from '#shared/fault.ts'
import { openSqlWorker } from '#shared/on-node/sql-worker.ts'

/** The last line of a dump: without it the server stopped in the middle. */
const END = 'COMMIT;\n'

/** `out` is not there yet. */
export async function copyDatabaseInto(out: string, url: string, authToken: string | undefined): Promise<void> {
  if (url.startsWith('file:')) await copyFile(url, out)
  else await writeDump(url, authToken, out)
}

async function copyFile(url: string, out: string): Promise<void> {
  const worker = await openSqlWorker(url)
  try {
    await worker.copyInto(out)
  } finally {
    await worker.end()
  }
}

/** The file has another name until it is whole. */
async function writeDump(url: string, authToken: string | undefined, out: string): Promise<void> {
  const headers = authToken === undefined ? undefined : { authorization: `Bearer ${authToken}` }
  const address = new URL('/dump', url.replace(/^libsql:/, 'https:'))
  const answer = await fetch(address, { headers }).catch((cause: unknown) => {
    throw new FaultError({ code: 'unavailable', what: `the database at ${address.host}`, retryAfterMs: 0 }, { cause })
  })
  if (!answer.ok || !answer.body) throw new FaultError({ code: answer.status === 401 ? 'unauthenticated' : 'internal' })
  const part = `${out}.part`
  try {
    // The platform and Node name the type of a web stream twice.
    const body = Readable.fromWeb(answer.body as ReadableStream)
    await pipeline(body, createWriteStream(part, { mode: 0o600, flags: 'wx' }))
    if ((await tail(part)) !== END) throw new Error('the dump broke off')
    renameSync(part, out)
  } catch (error) {
    rmSync(part, { force: true })
    throw error
  }
}

async function tail(file: string): Promise<string> {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read({ position: Math.max(0, size - END.length), length: END.length })
    return buffer.toString('utf8', 0, bytesRead)
  } finally {
    await handle.close()
  }
}
