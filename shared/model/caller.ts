// Who a caller is and what his key allows him. Used by the edge's store, routes and rooms, and by the command line.
import type { ApiKeyId, UserId } from '#shared/ids.ts'

/** What a key may be allowed. admin: everybody's conversations and voices, all keys, the nodes. */
export const SCOPES = ['talk', 'history:read', 'history:write', 'voices', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** How much a key may use. Where a field is absent, the operator's own limit counts. */
export interface KeyLimits {
  /** Each route's rate is multiplied by this. */
  rateFactor?: number | undefined
  /** Sessions that its user may have open at once. */
  sessions?: number | undefined
  /** What its user may use on one day (UTC). */
  tokensPerDay?: number | undefined
  audioMsPerDay?: number | undefined
}

/** All that a key is made with, except its secret. */
export interface KeyTerms {
  name: string
  scopes: Scope[]
  /** Web origins whose pages may use it; null for any page, and for programs. */
  origins: string[] | null
  /** The key stops being valid at this time; null: never. */
  expiresAt: number | null
  limits: KeyLimits
}

/** An authenticated caller. */
export interface Caller extends Pick<KeyTerms, 'scopes' | 'origins' | 'limits'> {
  userId: UserId
  keyId: ApiKeyId
  /**
   * When the key or token behind this caller ends; absent where it never does. Tickets, client secrets and cookies only
   * open: their own end is not it.
   */
  endsAt?: number
  /**
   * Set where an identity provider's token stands behind the caller. Cookies and tickets made from it keep its scopes
   * and its end.
   */
  token?: { scopes: Scope[]; until: number }
}

/** Whose conversations and voices are read: one user's, or, for an operator, everybody's. */
export type Owner = UserId | 'everybody'
