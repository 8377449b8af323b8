// The Store port in memory: what rooms and routes need of it, without a database. Shows what was written.
import type { Caller, KeyTerms } from '#shared/model/caller.ts'
import type { KeyView } from '#edge/store/key-store.ts'
import type { QuotaStanding } from '#edge/store/quotas.ts'
import type { SessionOpening } from '#edge/store/session-store.ts'
import type { Store } from '#edge/store/store.ts'
import type { StoredPersona } from '#edge/store/persona-store.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import { newId, type ApiKeyId, type ConversationId, type NodeId, type SessionId, type UserId } from '#shared/ids.ts'
import { DEFAULT_PERSONA_ID } from '#shared/model/persona.ts'
import type { PastTurn, TurnRecord } from '#shared/model/turn.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import { newSecret } from '#shared/token.ts'
import { noVoices } from './no-voices.ts'

const PERSONA: StoredPersona = {
  id: DEFAULT_PERSONA_ID,
  name: 'Parley',
  instructions: 'Answer briefly.',
  language: 'en',
  voice: null,
  script: null,
  ttsMode: 'fast',
  voiceProfileId: null,
  keepAudioDays: 0,
}

interface StoredSession extends SessionOpening {
  conversationId: ConversationId
  nodeId?: NodeId
  epoch?: number
  lastTurn?: number
  endReason?: EndReason
}

interface StoredConversation {
  userId: UserId
  turns: Map<string, TurnRecord>
}

export interface MemoryStore extends Store {
  readonly opened: Map<SessionId, StoredSession>
  readonly conversations: Map<ConversationId, StoredConversation>
  /** Every call from now on fails as a broken database does, until undefined is set. */
  failure: Error | undefined
  /** What each turn leaves of the quotas. */
  standing: QuotaStanding | undefined
}

export function createMemoryStore(): MemoryStore {
  const opened: MemoryStore['opened'] = new Map()
  const conversations: MemoryStore['conversations'] = new Map()
  const check = (): void => {
    if (store.failure) throw store.failure
  }
  const store: MemoryStore = {
    opened,
    conversations,
    failure: undefined,
    standing: undefined,
    sessions: sessionsOf(opened, conversations, check),
    turns: {
      storeTurn: async ({ sessionId, conversationId, record }) => {
        check()
        const conversation = conversations.get(conversationId)
        if (!conversation || opened.get(sessionId)?.conversationId !== conversationId)
          throw notFound('conversation', conversationId)
        const before = conversation.turns.get(record.id)
        if (!before || (before.status === 'cut' && record.status === 'complete'))
          conversation.turns.set(record.id, record)
        return store.standing
      },
      correctTurn: async ({ conversationId, turnId }, correctedText) => {
        check()
        const turns = conversations.get(conversationId)?.turns
        const before = turns?.get(turnId)
        if (!before) throw notFound('turn', turnId)
        turns?.set(turnId, { ...before, correctedText })
      },
    },
    history: {
      listConversations: async () => [],
      conversation: async () => undefined,
      search: async () => [],
      stats: async () => [],
      indexOlder: async () => 0,
    },
    edits: {
      turnId: async () => undefined,
      setFeedback: async () => {},
      feedback: async () => undefined,
      deleteConversation: async () => 'unknown',
      leave: async () => [],
      deleteSaid: async () => ({ files: [], isDone: true }),
    },
    personas: {
      listPersonas: async () => [PERSONA],
      persona: async (id) => (id === PERSONA.id ? PERSONA : undefined),
      addPersona: async () => 'per_new',
      changePersona: async () => false,
      removePersona: async () => 'unknown',
    },
    ...noVoices,
    quotas: { meters: async () => [], usage: async () => [], exhausted: async () => undefined, spoken: async () => {} },
    nodes: nodesOf(check),
    keys: keysOf(check),
    ping: async () => check(),
  }
  return store
}

function sessionsOf(
  opened: MemoryStore['opened'],
  conversations: MemoryStore['conversations'],
  check: () => void,
): Store['sessions'] {
  const live = (): StoredSession[] => [...opened.values()].filter(({ endReason }) => endReason === undefined)
  const lastTurnOf = (id: ConversationId): number => {
    const ofTurns = [...(conversations.get(id)?.turns.values() ?? [])].map(({ turn }) => turn)
    const ofSessions = [...opened.values()].flatMap((one) => (one.conversationId === id ? [one.lastTurn ?? 0] : []))
    return Math.max(0, ...ofTurns, ...ofSessions)
  }
  return {
    persona: async (id) => {
      check()
      return id === PERSONA.id ? PERSONA : undefined
    },
    openSession: async (opening) => {
      check()
      const id = opening.conversationId ?? newId('conversation', opening.now)
      const conversation = conversations.get(id) ?? { userId: opening.userId, turns: new Map() }
      if (opening.conversationId !== undefined && conversations.get(id)?.userId !== opening.userId)
        throw notFound('conversation', id)
      if (live().some(({ conversationId }) => conversationId === id))
        throw new FaultError({ code: 'conflict', kind: 'conversation', id })
      conversations.set(id, conversation)
      opened.set(opening.sessionId, { ...opening, conversationId: id })
      return { conversationId: id, turns: pastTurns(conversation), lastTurn: lastTurnOf(id), near: [] }
    },
    placed: async ({ sessionId, nodeId, epoch }) => {
      check()
      const session = opened.get(sessionId)
      if (session) Object.assign(session, { nodeId, epoch })
    },
    nodeOf: async (sessionId) => {
      check()
      const session = opened.get(sessionId)
      return session && (session.nodeId ?? null)
    },
    ended: async ({ sessionId, reason, lastTurn }) => {
      check()
      const session = opened.get(sessionId)
      if (session && session.endReason === undefined) Object.assign(session, { endReason: reason, lastTurn })
    },
    endAllLive: async () => {
      check()
      const sessions = live()
      for (const session of sessions) session.endReason = 'shutdown'
      return sessions.length
    },
    sweep: async ({ openedBefore }) => {
      check()
      const overdue = live().filter(({ now }) => now < openedBefore)
      for (const session of overdue) session.endReason = 'maxDuration'
      return { ended: overdue.length }
    },
  }
}

const pastTurns = ({ turns }: StoredConversation): PastTurn[] =>
  [...turns.values()].map(({ id, utteranceText, heardText }) => ({ id, utteranceText, heardText }))

function nodesOf(check: () => void): Store['nodes'] {
  const nodes: Array<{ nodeId: NodeId; name: string; token: string; createdAt: number; revokedAt: number | null }> = []
  return {
    nodeByToken: async (token) => {
      check()
      const node = nodes.find((known) => known.token === token && known.revokedAt === null)
      return node && { nodeId: node.nodeId, name: node.name }
    },
    addNode: async ({ name, now }) => {
      const node = { nodeId: newId('node', now), name, token: newSecret('pn_'), createdAt: now, revokedAt: null }
      nodes.push(node)
      return { nodeId: node.nodeId, token: node.token }
    },
    listNodes: async () =>
      nodes.map(({ nodeId, name, createdAt, revokedAt }) => ({ nodeId, name, createdAt, revokedAt })),
    revokeNode: async (nodeId, now) => {
      const node = nodes.find((known) => known.nodeId === nodeId && known.revokedAt === null)
      if (node) node.revokedAt = now
      return node !== undefined
    },
  }
}

interface StoredKey extends KeyView {
  key: string
}

function keysOf(check: () => void): Store['keys'] {
  const keys: StoredKey[] = []
  const isValid = (key: StoredKey, now: number): boolean =>
    key.revokedAt === null && (key.expiresAt === null || key.expiresAt > now)
  const callerOf = (found: StoredKey | undefined): Caller | undefined =>
    found && {
      userId: found.userId,
      keyId: found.keyId,
      scopes: found.scopes,
      origins: found.origins,
      limits: found.limits,
    }
  const own = (keyId: ApiKeyId, userId: UserId | undefined): StoredKey | undefined =>
    keys.find((key) => key.keyId === keyId && (userId === undefined || key.userId === userId))
  const insert = (terms: KeyTerms, userId: UserId, now: number): { keyId: ApiKeyId; key: string } => {
    const made = { keyId: newId('apiKey', now), key: newSecret('pk_') }
    keys.push({ ...terms, ...made, userId, createdAt: now, lastUsedAt: null, revokedAt: null })
    return made
  }
  return {
    callerByKey: async (key, now) => {
      check()
      return callerOf(keys.find((known) => known.key === key && isValid(known, now)))
    },
    callerById: async (keyId, now) => {
      check()
      return callerOf(keys.find((known) => known.keyId === keyId && isValid(known, now)))
    },
    callerByIdentity: async ({ userId, keyId, scopes }) => ({ userId, keyId, scopes, origins: null, limits: {} }),
    createKey: async ({ name, scopes, origins = null, expiresAt = null, limits = {}, userId, now }) =>
      insert({ name, scopes, origins, expiresAt, limits }, userId ?? newId('user', now), now),
    listKeys: async (userId) => keys.filter((known) => userId === undefined || known.userId === userId),
    rotateKey: async (keyId, { userId, oldUntil, now }) => {
      const old = own(keyId, userId)
      if (!old || !isValid(old, now)) return undefined
      old.expiresAt = Math.min(old.expiresAt ?? oldUntil, oldUntil)
      return insert({ ...old, expiresAt: null }, old.userId, now)
    },
    revokeKey: async (keyId, now, userId) => {
      const key = own(keyId, userId)
      if (!key || key.revokedAt !== null) return false
      key.revokedAt = now
      return true
    },
    endedKeys: async (since, now) =>
      keys
        .filter(({ revokedAt, expiresAt }) =>
          [revokedAt, expiresAt].some((at) => at !== null && at > since && at <= now),
        )
        .map(({ keyId }) => keyId),
  }
}
