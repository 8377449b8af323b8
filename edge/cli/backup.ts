// `parley backup`: copies the database into one new file, consistently and also while the edge runs. A database file is copied
// as a database. A libSQL server gives SQL text, which makes the same database again (`sqlite3 new.db < copy.sql`).
import { createWriteStream, existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { resolve } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { defineCommand } from 'citty'
import { FaultError, invalid } from '#shared/fault.ts'
import { openSqlWorker } from '#shared/on-node/sql-worker.ts'
import { dataOption, edgeConfig, requireDatabase, urlOption } from './open-store.ts'
import { jsonOption, print } from './print.ts'

/** The last line of a dump: without it the server stopped in the middle. */
const END = 'COMMIT;\n'

export const backup = defineCommand({
  meta: { name: 'backup', description: 'Copy the database, also while the edge runs' },
  args: {
    data: dataOption,
    url: urlOption,
    out: { type: 'string', description: 'The new file', required: true },
    json: jsonOption,
  },
  async run({ args }) {
    const { databaseUrl, databaseAuthToken } = edgeConfig(args)
    requireDatabase(databaseUrl)
    const out = resolve(args.out)
    if (existsSync(out)) throw invalid(`--out: ${out} is there already`)
    if (databaseUrl.startsWith('file:')) await copyFile(databaseUrl, out)
    else await writeDump(databaseUrl, databaseAuthToken, out)
    const { size: bytes } = statSync(out)
    print(args.json, { file: out, bytes }, `copied the database to ${out} (${bytes} bytes)`)
  },
})

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
