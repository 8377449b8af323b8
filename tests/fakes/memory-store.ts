// The Store port in memory: what rooms and routes need of it, without a database. Shows what was written.
import type { Caller, Scope, SessionOpening, Store } from '#edge/ports.ts'
import { FaultError, notFound } from '#shared/fault.ts'
import { newId, type ApiKeyId, type ConversationId, type NodeId, type SessionId, type UserId } from '#shared/ids.ts'
import { DEFAULT_PERSONA_ID, type Persona } from '#shared/model/persona.ts'
import type { PastTurn, TurnRecord } from '#shared/model/turn.ts'
import type { EndReason } from '#shared/protocol/session-messages.ts'
import { newSecret } from '#shared/token.ts'

const PERSONA: Persona = {
  id: DEFAULT_PERSONA_ID,
  name: 'Parley',
  instructions: 'Answer briefly.',
  language: 'en',
  voice: null,
}

interface StoredSession extends SessionOpening {
  conversationId: ConversationId
  nodeId?: NodeId
  epoch?: number
  resumeTokenHash?: string
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
    },
    personas: { listPersonas: async () => [PERSONA] },
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
      return { conversationId: id, turns: pastTurns(conversation), turnCount: conversation.turns.size }
    },
    placed: async ({ sessionId, nodeId, epoch, resumeTokenHash }) => {
      check()
      const session = opened.get(sessionId)
      if (session) Object.assign(session, { nodeId, epoch, resumeTokenHash })
    },
    ended: async ({ sessionId, reason }) => {
      check()
      const session = opened.get(sessionId)
      if (session) session.endReason ??= reason
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
      const over = [...opened.values()].filter(({ endReason, resumeTokenHash }) => endReason && resumeTokenHash)
      for (const session of over) delete session.resumeTokenHash
      return { ended: overdue.length, forgotten: over.length }
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

interface StoredKey extends Caller {
  name: string
  key: string
  createdAt: number
  lastUsedAt: number | null
  revokedAt: number | null
}

function keysOf(check: () => void): Store['keys'] {
  const keys: StoredKey[] = []
  const callerOf = (found: StoredKey | undefined): Caller | undefined =>
    found && { userId: found.userId, keyId: found.keyId, scopes: found.scopes }
  const find = (is: (key: StoredKey) => boolean): StoredKey | undefined =>
    keys.find((key) => key.revokedAt === null && is(key))
  return {
    callerByKey: async (key) => {
      check()
      return callerOf(find((known) => known.key === key))
    },
    callerById: async (keyId) => {
      check()
      return callerOf(find((known) => known.keyId === keyId))
    },
    createKey: async ({
      name,
      scopes,
      userId,
      now,
    }: {
      name: string
      scopes: Scope[]
      userId?: UserId
      now: number
    }) => {
      const made = { keyId: newId('apiKey', now), userId: userId ?? newId('user', now), name, scopes }
      const key = newSecret('pk_')
      keys.push({ ...made, key, createdAt: now, lastUsedAt: null, revokedAt: null })
      return { keyId: made.keyId, key }
    },
    listKeys: async () => keys.map((known) => ({ ...known, key: undefined })),
    revokeKey: async (keyId: ApiKeyId, now) => {
      const key = find((known) => known.keyId === keyId)
      if (key) key.revokedAt = now
      return key !== undefined
    },
  }
}
