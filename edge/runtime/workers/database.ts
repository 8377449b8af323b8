// Opens the edge's database on Workers: a libSQL server over HTTPS. Migrations run from Node, before a deployment.
import { type Client, createClient } from '@libsql/client/web'
import { drizzle } from 'drizzle-orm/libsql/web'
import type { EdgeDatabase } from '#edge/store/database.ts'

export function openDatabase({ url, authToken }: { url: string; authToken: string | undefined }): EdgeDatabase {
  const open = (): Client => createClient({ url, ...(authToken !== undefined && { authToken }) })
  return drizzle(clientForEachCall(open))
}

/**
 * A client queues its calls, and in a Worker no request may wait for a promise of another one: so each call has a client of
 * its own, which is an object and nothing more. Transactions are not used by any store.
 */
function clientForEachCall(open: () => Client): Client {
  return new Proxy(open(), {
    get: (first, name) => {
      const member: unknown = Reflect.get(first, name)
      if (typeof member !== 'function') return member
      return (...args: unknown[]): unknown => {
        const client = open()
        return Reflect.apply(member, client, args)
      }
    },
  })
}
