// The contract of the Store, run against each database that can stand behind it. Each test opens its own.
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Store } from '#edge/store/store.ts'
import { newId, type ConversationId, type SessionId, type UserId } from '#shared/ids.ts'
import type { TurnRecord, Usage } from '#shared/model/turn.ts'
import { MAX_CONTEXT_BYTES } from '#shared/protocol/limits.ts'
import { modelOfStoring, sumOf } from './stored-turns.ts'
import { turnRecord, WHO_DID_IT } from '#tests/fakes/turn-record.ts'

export interface OpenStore {
  store: Store
  /** What the usage table says, summed up over all days. */
  usageOf(userId: UserId): Promise<Usage & { turns: number }>
  /** Whether calls that are made at once are done in their order: over HTTP they are not. */
  isOrdered: boolean
  close(): Promise<void>
}

const NOW = Date.UTC(2026, 10, 1)
export function storeContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`store: ${name}`, () => {
    let opened: OpenStore
    let store: Store
    let userId: UserId
    beforeEach(async () => {
      opened = await open()
      store = opened.store
      userId = await newUser()
    })
    afterEach(() => opened.close())

    async function newUser(): Promise<UserId> {
      const { key } = await store.keys.createKey({ name: 'test', scopes: ['talk'], now: NOW })
      const caller = await store.keys.callerByKey(key, NOW)
      if (!caller) throw new Error('the key that was just made is not known')
      return caller.userId
    }
    const openSession = (facts: { conversationId?: ConversationId; user?: UserId; now?: number } = {}) => {
      const sessionId = newId('session')
      const { conversationId, user = userId, now = NOW } = facts
      const opening = { sessionId, userId: user, conversationId, personaId: 'per_default', now } as const
      return store.sessions.openSession(opening).then((session) => ({ ...session, sessionId }))
    }
    const storeTurn = (at: { sessionId: SessionId; conversationId: ConversationId }, record: TurnRecord, now = NOW) =>
      store.turns.storeTurn({ sessionId: at.sessionId, conversationId: at.conversationId, record, now })
    const end = (sessionId: SessionId) => store.sessions.ended({ sessionId, reason: 'caller', lastTurn: 0, now: NOW })
    const read = async (id: ConversationId) => (await store.history.conversation(userId, id))?.turns ?? []

    it('[STO1] a session without a conversation begins one; a persona that does not exist begins nothing', async () => {
      const begun = await openSession()
      expect(begun).toMatchObject({ turns: [], lastTurn: 0 })
      expect(await store.history.conversation(userId, begun.conversationId)).toMatchObject({ turns: [], title: '' })
      const sessionId = newId('session')
      const unknown = { sessionId, userId, conversationId: undefined, personaId: 'per_nobody', now: NOW } as const
      await expect(store.sessions.openSession(unknown)).rejects.toMatchObject({
        fault: { code: 'not_found', kind: 'persona', id: 'per_nobody' },
      })
      expect(await store.history.listConversations(userId, { limit: 10 })).toHaveLength(1)
    })

    it('[STO2] of twenty sessions at once on one conversation exactly one opens; its end makes room for the next', async () => {
      const { conversationId, sessionId } = await openSession()
      await end(sessionId)
      const tried = await Promise.allSettled(Array.from({ length: 20 }, () => openSession({ conversationId })))
      const won = tried.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
      const lost = tried.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
      expect(won).toHaveLength(1)
      for (const error of lost)
        expect(error).toMatchObject({ fault: { code: 'conflict', kind: 'conversation', id: conversationId } })
      await end(won[0]?.sessionId ?? 'ses_none')
      await expect(openSession({ conversationId })).resolves.toMatchObject({ conversationId })
    })

    it('[STO3] another user’s conversation is not there: not to continue, not to read, not in the list', async () => {
      const { conversationId, sessionId } = await openSession()
      await end(sessionId)
      const stranger = await newUser()
      await expect(openSession({ conversationId, user: stranger })).rejects.toMatchObject({
        fault: { code: 'not_found', kind: 'conversation', id: conversationId },
      })
      expect(await store.history.conversation(stranger, conversationId)).toBeUndefined()
      expect(await store.history.listConversations(stranger, { limit: 10 })).toEqual([])
    })

    it('[STO4] a continued conversation brings its newest turns, oldest first, as corrected and as heard, within the bound', async () => {
      const first = await openSession()
      const long = '话'.repeat(3_000)
      for (let turn = 1; turn <= 12; turn += 1) {
        const said = { utteranceText: `${turn} ${long}`, replyText: 'not heard', heardText: `heard ${turn}` }
        await storeTurn(first, turnRecord({ turn, startedAt: NOW + turn, ...said }))
      }
      await storeTurn(
        first,
        turnRecord({ turn: 13, startedAt: NOW + 13, utteranceText: 'wrong', correctedText: 'right' }),
      )
      await storeTurn(first, turnRecord({ turn: 14, startedAt: NOW + 14, utteranceText: '', heardText: '' }))
      await end(first.sessionId)
      const { turns, lastTurn } = await openSession({ conversationId: first.conversationId })
      expect(lastTurn).toBe(14)
      expect(turns.at(-1)?.utteranceText).toBe('right')
      expect(turns.map(({ heardText }) => heardText)).toEqual([
        ...[6, 7, 8, 9, 10, 11, 12].map((at) => `heard ${at}`),
        'Hello there.',
      ])
      const bytes = new TextEncoder().encode(JSON.stringify(turns)).byteLength
      expect(bytes).toBeLessThanOrEqual(MAX_CONTEXT_BYTES)
      expect(bytes).toBeGreaterThan(MAX_CONTEXT_BYTES - 12_000)
    })

    it('[STO5][STO6] whatever is delivered how often and in which order, a turn is there once and its usage counts once', async () => {
      const delivery = fc.record({
        which: fc.nat(2),
        status: fc
          .constantFrom('complete', 'interrupted', 'failed', 'cut')
          .map((status) => status as TurnRecord['status']),
        correctedText: fc.option(fc.constantFrom('one', 'two')),
        startedAt: fc.constantFrom(NOW - 1, NOW),
        usage: fc.record({
          promptTokens: fc.nat(1_000),
          completionTokens: fc.nat(1_000),
          inputAudioMs: fc.nat(60_000),
          outputAudioMs: fc.nat(60_000),
        }),
      })
      await fc.assert(
        fc.asyncProperty(fc.array(delivery, { maxLength: 12 }), fc.boolean(), async (deliveries, atOnce) => {
          const user = await newUser()
          const session = await openSession({ user })
          const ids = [newId('turn'), newId('turn'), newId('turn')] as const
          const records = deliveries.map(({ which, ...facts }, at) =>
            turnRecord({ ...facts, id: ids[which] ?? ids[0], turn: which + 1, replyText: `reply ${at}` }),
          )
          if (atOnce) await Promise.all(records.map((record) => storeTurn(session, record)))
          else for (const record of records) await storeTurn(session, record)
          const expected = records.reduce(modelOfStoring, new Map<string, TurnRecord>())
          const stored = (await store.history.conversation(user, session.conversationId))?.turns ?? []
          const found = new Map(stored.map((record) => [record.id, record]))
          if (opened.isOrdered || !atOnce) expect(found).toEqual(expected)
          expect(stored).toHaveLength(expected.size)
          expect(await opened.usageOf(user)).toEqual({ ...sumOf(stored), turns: stored.length })
        }),
        { numRuns: 30 },
      )
    })

    it('[STO7] a correction changes the corrected text alone, and a delivery without one does not undo it', async () => {
      const session = await openSession()
      const record = turnRecord({ utteranceText: 'helo' })
      await storeTurn(session, record)
      await storeTurn(session, { ...record, correctedText: 'hello', replyText: 'something else' })
      await storeTurn(session, record)
      expect(await read(session.conversationId)).toEqual([{ ...record, correctedText: 'hello' }])
    })

    it('[STO8] a turn that names another conversation’s session is not_found and leaves nothing behind', async () => {
      const [mine, other] = [await openSession(), await openSession()]
      const mixed = { sessionId: mine.sessionId, conversationId: other.conversationId }
      await expect(storeTurn(mixed, turnRecord())).rejects.toMatchObject({ fault: { code: 'not_found' } })
      const stored = turnRecord({ status: 'cut' })
      await storeTurn(mine, stored)
      await expect(storeTurn(other, { ...stored, status: 'complete' })).rejects.toMatchObject({
        fault: { code: 'not_found' },
      })
      expect(await read(mine.conversationId)).toEqual([stored])
      expect(await read(other.conversationId)).toEqual([])
      expect(await opened.usageOf(userId)).toEqual({ ...stored.usage, turns: 1 })
    })

    it('[FLT17] the node of a session is null until it is placed, and known after its end', async () => {
      const { sessionId } = await openSession()
      expect(await store.sessions.nodeOf(newId('session'))).toBeUndefined()
      expect(await store.sessions.nodeOf(sessionId)).toBeNull()
      const placement = { nodeId: 'nod_one' as const, epoch: 1, now: NOW }
      await store.sessions.placed({ sessionId, ...placement })
      await store.sessions.ended({ sessionId, reason: 'caller', lastTurn: 0, now: NOW })
      expect(await store.sessions.nodeOf(sessionId)).toBe('nod_one')
    })

    it('[STO9] conversations are listed by their last turn, newest first, page by page, with title and count', async () => {
      const ids: ConversationId[] = []
      for (let at = 0; at < 5; at += 1) {
        const session = await openSession({ now: NOW + at })
        ids.push(session.conversationId)
        await storeTurn(session, turnRecord({ utteranceText: `talk ${at} ${'x'.repeat(100)}` }), NOW + 100 - at)
      }
      const first = await store.history.listConversations(userId, { limit: 3 })
      const rest = await store.history.listConversations(userId, { limit: 3, before: first.at(-1) })
      expect([...first, ...rest].map(({ id }) => id)).toEqual(ids)
      expect(first[0]).toMatchObject({ turnCount: 1, personaId: 'per_default', updatedAt: NOW + 100 })
      expect([...(first[0]?.title ?? '')]).toHaveLength(80)
    })

    it('[STO10] a key and a token open once they are made and no longer when revoked; wrong ones never', async () => {
      const made = await store.keys.createKey({ name: 'phone', scopes: ['talk', 'admin'], now: NOW })
      const caller = await store.keys.callerByKey(made.key, NOW)
      expect(caller).toMatchObject({ keyId: made.keyId, scopes: ['talk', 'admin'] })
      expect(await store.keys.callerById(made.keyId, NOW)).toEqual(caller)
      expect(await store.keys.callerByKey(`${made.key}x`, NOW)).toBeUndefined()
      expect(await store.keys.callerByKey('', NOW)).toBeUndefined()
      expect(await store.keys.revokeKey(made.keyId, NOW)).toBe(true)
      expect(await store.keys.revokeKey(made.keyId, NOW)).toBe(false)
      expect(await store.keys.callerByKey(made.key, NOW)).toBeUndefined()
      expect(await store.keys.callerById(made.keyId, NOW)).toBeUndefined()

      const node = await store.nodes.addNode({ name: 'box', now: NOW })
      expect(await store.nodes.nodeByToken(node.token)).toEqual({ nodeId: node.nodeId, name: 'box' })
      expect(await store.nodes.nodeByToken(made.key)).toBeUndefined()
      expect(await store.nodes.revokeNode(node.nodeId, NOW)).toBe(true)
      expect(await store.nodes.nodeByToken(node.token)).toBeUndefined()
      expect(JSON.stringify([await store.keys.listKeys(), await store.nodes.listNodes()])).not.toMatch(/pk_|nt_|Hash/)
    })

    it('[STO27] when a key was last used is true to the minute, by whichever way it was used', async () => {
      const { keyId, key } = await store.keys.createKey({ name: 'phone', scopes: ['talk'], now: NOW })
      const lastUsed = async (id: string) => (await store.keys.listKeys()).find((one) => one.keyId === id)?.lastUsedAt
      expect(await lastUsed(keyId)).toBeNull()
      const seen = []
      for (const [after, byKey] of [
        [5_000, true],
        [64_999, false],
        [65_000, false],
        [125_000, true],
      ] as const) {
        await (byKey ? store.keys.callerByKey(key, NOW + after) : store.keys.callerById(keyId, NOW + after))
        seen.push(((await lastUsed(keyId)) ?? 0) - NOW)
      }
      expect(seen).toEqual([5_000, 5_000, 65_000, 125_000])
      const identity = { userId: 'usr_idp', keyId: 'key_idp', scopes: ['talk'], issuedAt: NOW, now: NOW } as const
      await store.keys.callerByIdentity({ ...identity, scopes: ['talk'] })
      expect(await lastUsed('key_idp')).toBe(NOW)
    })

    it('[STO11] the sessions of an edge that went down are ended, and their conversations are free again', async () => {
      const sessions = [await openSession(), await openSession()]
      const [first] = sessions
      await end(first?.sessionId ?? 'ses_none')
      expect(await store.sessions.endAllLive(NOW)).toBe(1)
      expect(await store.sessions.endAllLive(NOW)).toBe(0)
      for (const { conversationId } of sessions) await openSession({ conversationId })
    })

    it('[STO12] a turn is read back exactly as it was finished, in any script', async () => {
      const session = await openSession()
      const text = fc.string({ unit: 'grapheme', maxLength: 40 })
      const timing = fc.record({ sttMs: fc.option(fc.nat(60_000)), speculated: fc.boolean() })
      const record = fc
        .record({
          utteranceText: text,
          replyText: text,
          heardText: text,
          correctedText: fc.option(text),
          language: fc.constantFrom('en', 'zh'),
          source: fc.constantFrom('speech', 'text'),
          who: fc.constantFrom(...WHO_DID_IT),
          timings: timing.map((measured) => ({ ...turnRecord().timings, ...measured })),
        })
        .map(({ who, ...facts }) => turnRecord({ ...(facts as Partial<TurnRecord>), ...who }))
      let number = 0
      await fc.assert(
        fc.asyncProperty(record, async (facts) => {
          const finished = { ...facts, turn: ++number }
          await storeTurn(session, finished)
          expect((await read(session.conversationId)).find(({ id }) => id === finished.id)).toEqual(finished)
        }),
        { numRuns: 40 },
      )
    })

    it('[STO13] one persona is there from the start, and a persona that is not there is undefined', async () => {
      const persona = await store.sessions.persona('per_default')
      expect(persona).toMatchObject({ id: 'per_default', name: 'Parley', language: 'en', script: null })
      expect(await store.personas.listPersonas()).toContainEqual(persona)
      expect(await store.sessions.persona('per_nobody')).toBeUndefined()
      await expect(store.ping()).resolves.toBeUndefined()
    })
  })
}
