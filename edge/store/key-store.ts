// Callers' API keys. A key is random, shown once at its making and kept as its SHA-256; it is found by that hash and the
// hash is compared once more in constant time. Revoking is a time, not a deletion: turns and usage stay readable.
import { and, desc, eq, isNull } from 'drizzle-orm'
import type { KeyStore } from '#edge/ports.ts'
import { newId } from '#shared/ids.ts'
import { newSecret, sameSecret, sha256Hex } from '#shared/token.ts'
import type { EdgeDatabase } from './database.ts'
import { apiKey, user } from './schema.ts'

const KEY_PREFIX = 'pk_'
/** When a key was last used is written at most this often, so that a request that reads does not also write. */
const LAST_USED_GRAIN_MS = 60 * 60_000

export function createKeyStore(db: EdgeDatabase): KeyStore {
  return {
    async callerByKey(key, now) {
      const keyHash = await sha256Hex(key)
      const [row] = await db
        .select()
        .from(apiKey)
        .where(and(eq(apiKey.keyHash, keyHash), isNull(apiKey.revokedAt)))
      if (!row || !(await sameSecret(row.keyHash, keyHash))) return undefined
      if (now - (row.lastUsedAt ?? 0) >= LAST_USED_GRAIN_MS)
        await db.update(apiKey).set({ lastUsedAt: now }).where(eq(apiKey.id, row.id))
      return { userId: row.userId, keyId: row.id, scopes: row.scopes }
    },

    async callerById(keyId) {
      const [row] = await db
        .select()
        .from(apiKey)
        .where(and(eq(apiKey.id, keyId), isNull(apiKey.revokedAt)))
      return row && { userId: row.userId, keyId: row.id, scopes: row.scopes }
    },

    async createKey({ name, scopes, userId, now }) {
      const key = newSecret(KEY_PREFIX)
      const keyId = newId('apiKey', now)
      const owner = userId ?? newId('user', now)
      await db.batch([
        db.insert(user).values({ id: owner, createdAt: now }).onConflictDoNothing(),
        db
          .insert(apiKey)
          .values({ id: keyId, userId: owner, name, keyHash: await sha256Hex(key), scopes, createdAt: now }),
      ])
      return { keyId, key }
    },

    listKeys() {
      const { id: keyId, userId, name, scopes, createdAt, lastUsedAt, revokedAt } = apiKey
      return db
        .select({ keyId, userId, name, scopes, createdAt, lastUsedAt, revokedAt })
        .from(apiKey)
        .orderBy(desc(createdAt))
    },

    async revokeKey(keyId, now) {
      const revoked = await db
        .update(apiKey)
        .set({ revokedAt: now })
        .where(and(eq(apiKey.id, keyId), isNull(apiKey.revokedAt)))
      return revoked.rowsAffected > 0
    },
  }
}
