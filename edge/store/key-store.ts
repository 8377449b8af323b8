// Callers' API keys. A key is random, shown once when it is made and kept as its SHA-256. It is found by that hash, and
// the hash is compared once more in constant time. A revoked key keeps its row, so that turns and usage stay readable.
import { and, desc, eq, gt, isNull, lte, or, sql, type SQL } from 'drizzle-orm'
import { apiKey, user } from '#edge/store/schema/users.ts'
import { type ApiKeyId, newId, type UserId } from '#shared/ids.ts'
import type { Caller, KeyTerms, Scope } from '#shared/model/caller.ts'
import { newSecret, sameSecret, sha256Hex } from '#shared/token.ts'
import { runBatch, type EdgeDatabase } from './database.ts'

/** A key as its owner and the operator see it: never the key itself. */
export interface KeyView extends KeyTerms {
  keyId: ApiKeyId
  userId: UserId
  createdAt: number
  /** To the minute: by the key itself, or by a cookie, ticket, code or client secret that names it. Null: never. */
  lastUsedAt: number | null
  revokedAt: number | null
}

export interface KeyStore {
  /** The caller whose valid key this is. Compared by hash, in constant time. */
  callerByKey(key: string, now: number): Promise<Caller | undefined>
  /** The caller of a valid key: a browser's cookie names its key and never holds it. */
  callerById(keyId: ApiKeyId, now: number): Promise<Caller | undefined>
  /**
   * A user whom an identity provider vouches for; his row is made when he first comes. Undefined where he was revoked,
   * or deleted his account after `issuedAt`.
   */
  callerByIdentity(identity: {
    userId: UserId
    keyId: ApiKeyId
    scopes: Scope[]
    issuedAt: number
    now: number
  }): Promise<Caller | undefined>
  /** Without a `userId` it makes a new user. */
  createKey(
    key: Pick<KeyTerms, 'name' | 'scopes'> & Partial<KeyTerms> & { userId?: UserId | undefined; now: number },
  ): Promise<{ keyId: ApiKeyId; key: string }>
  /** The keys of one user, or of all; the newest first. */
  listKeys(userId?: UserId): Promise<KeyView[]>
  /**
   * Makes another key on the same terms; the old one is valid until `oldUntil`. Undefined where the key is not valid,
   * or not the user's.
   */
  rotateKey(
    keyId: ApiKeyId,
    rotation: { userId?: UserId | undefined; oldUntil: number; now: number },
  ): Promise<{ keyId: ApiKeyId; key: string } | undefined>
  /** False where it was revoked before, or is not the user's. */
  revokeKey(keyId: ApiKeyId, now: number, userId?: UserId): Promise<boolean>
  /** Keys that ended, by revocation or by expiry, after `since` and until `now`. */
  endedKeys(since: number, now: number): Promise<ApiKeyId[]>
}

const KEY_PREFIX = 'pk_'
/** When a key was last used is written at most this often, so that not every request writes. */
const LAST_USED_GRAIN_MS = 60_000
/**
 * The name and the hash of an identity provider's user in the list of keys. No hash has this form, so no key matches
 * it.
 */
const IDENTITY_NAME = 'identity provider'
const IDENTITY_HASH = 'identity:'
/** False for identities: they have no key that could be replaced. */
export const isOwnSecret: SQL = sql`${apiKey.keyHash} not like ${`${IDENTITY_HASH}%`}`

export function createKeyStore(db: EdgeDatabase): KeyStore {
  return {
    ...callersOf(db),

    createKey({ name, scopes, origins = null, expiresAt = null, limits = {}, userId, now }) {
      return insertKey(db, { name, scopes, origins, expiresAt, limits }, { userId: userId ?? newId('user', now), now })
    },

    listKeys(ownerId) {
      const { id: keyId, userId, name, scopes, origins, limits, createdAt, lastUsedAt, expiresAt, revokedAt } = apiKey
      return db
        .select({ keyId, userId, name, scopes, origins, limits, createdAt, lastUsedAt, expiresAt, revokedAt })
        .from(apiKey)
        .where(isOf(ownerId))
        .orderBy(desc(createdAt), desc(keyId))
    },

    async rotateKey(keyId, { userId: ownerId, oldUntil, now }) {
      const isIt = and(eq(apiKey.id, keyId), isOf(ownerId), isValid(now), isOwnSecret)
      const [old] = await db.select().from(apiKey).where(isIt)
      // The old key's end is written first. If the second step fails, a leaked key must not stay valid for ever.
      const ended = await db
        .update(apiKey)
        .set({ expiresAt: sql`min(coalesce(${apiKey.expiresAt}, ${oldUntil}), ${oldUntil})` })
        .where(isIt)
      if (!old || ended.rowsAffected === 0) return undefined
      const { name, scopes, origins, limits, userId } = old
      // The new key lives as long as the old one did.
      const expiresAt = old.expiresAt === null ? null : now + (old.expiresAt - old.createdAt)
      return insertKey(db, { name, scopes, origins, limits, expiresAt }, { userId, now })
    },

    async revokeKey(keyId, now, ownerId) {
      const revoked = await db
        .update(apiKey)
        .set({ revokedAt: now })
        .where(and(eq(apiKey.id, keyId), isOf(ownerId), isNull(apiKey.revokedAt)))
      return revoked.rowsAffected > 0
    },

    async endedKeys(since, now) {
      const ended = (at: typeof apiKey.revokedAt | typeof apiKey.expiresAt) => and(gt(at, since), lte(at, now))
      const rows = await db
        .select({ id: apiKey.id })
        .from(apiKey)
        .where(or(ended(apiKey.revokedAt), ended(apiKey.expiresAt)))
      return rows.map(({ id }) => id)
    },
  }
}

/** Finds the caller by key, by the key's id, or by an identity provider's word. */
function callersOf(db: EdgeDatabase): Pick<KeyStore, 'callerByKey' | 'callerById' | 'callerByIdentity'> {
  return {
    async callerByKey(key, now) {
      const keyHash = await sha256Hex(key)
      const [row] = await db
        .select()
        .from(apiKey)
        .where(and(eq(apiKey.keyHash, keyHash), isValid(now)))
      if (!row || !(await sameSecret(row.keyHash, keyHash))) return undefined
      await noteUse(db, row, now)
      return callerOf(row)
    },

    async callerById(keyId, now) {
      const [row] = await db
        .select()
        .from(apiKey)
        .where(and(eq(apiKey.id, keyId), isValid(now)))
      if (!row) return undefined
      await noteUse(db, row, now)
      return callerOf(row)
    },

    async callerByIdentity({ userId, keyId, scopes, issuedAt, now }) {
      const [known] = await db.select().from(apiKey).where(eq(apiKey.id, keyId))
      if (known && isGone(known, issuedAt)) return undefined
      // Cookies and tickets read the row later. A request that changes nothing must not write it.
      if (known?.scopes.join() !== scopes.join() || known.expiresAt !== null) {
        const row = {
          id: keyId,
          userId,
          name: IDENTITY_NAME,
          keyHash: `${IDENTITY_HASH}${keyId}`,
          scopes,
          createdAt: now,
        }
        await runBatch(db, {
          user: db.insert(user).values({ id: userId, createdAt: now }).onConflictDoNothing(),
          key: db
            .insert(apiKey)
            .values(row)
            .onConflictDoUpdate({ target: apiKey.id, set: { scopes, expiresAt: null } }),
        })
      }
      await noteUse(db, { id: keyId, lastUsedAt: known?.lastUsedAt ?? null }, now)
      return { userId, keyId, scopes, origins: known?.origins ?? null, limits: known?.limits ?? {} }
    },
  }
}

async function noteUse(
  db: EdgeDatabase,
  { id, lastUsedAt }: { id: ApiKeyId; lastUsedAt: number | null },
  now: number,
): Promise<void> {
  if (lastUsedAt !== null && now - lastUsedAt < LAST_USED_GRAIN_MS) return
  await db.update(apiKey).set({ lastUsedAt: now }).where(eq(apiKey.id, id))
}

async function insertKey(
  db: EdgeDatabase,
  terms: KeyTerms,
  { userId, now }: { userId: UserId; now: number },
): Promise<{ keyId: ApiKeyId; key: string }> {
  const key = newSecret(KEY_PREFIX)
  const keyId = newId('apiKey', now)
  await runBatch(db, {
    user: db.insert(user).values({ id: userId, createdAt: now }).onConflictDoNothing(),
    key: db.insert(apiKey).values({ ...terms, id: keyId, userId, keyHash: await sha256Hex(key), createdAt: now }),
  })
  return { keyId, key }
}

/** He was revoked, or deleted his account after the token was issued: an old token does not bring him back. */
function isGone({ revokedAt, expiresAt }: typeof apiKey.$inferSelect, issuedAt: number): boolean {
  return revokedAt !== null || (expiresAt !== null && issuedAt <= expiresAt)
}

function isValid(now: number): SQL | undefined {
  return and(isNull(apiKey.revokedAt), or(isNull(apiKey.expiresAt), gt(apiKey.expiresAt, now)))
}

function isOf(userId: UserId | undefined): SQL | undefined {
  return userId === undefined ? undefined : eq(apiKey.userId, userId)
}

function callerOf({ userId, id: keyId, scopes, origins, limits, expiresAt }: typeof apiKey.$inferSelect): Caller {
  return { userId, keyId, scopes, origins, limits, ...(expiresAt !== null && { endsAt: expiresAt }) }
}
