// The contract of turn numbers within a conversation, run against each database that can stand behind the Store.
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newId, type ConversationId, type SessionId, type UserId } from '#shared/ids.ts'
import type { TurnRecord } from '#shared/model/turn.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'
import type { OpenStore } from './store.contract.ts'

const NOW = Date.UTC(2026, 10, 1)

export function turnNumbersContract(name: string, open: () => Promise<OpenStore>): void {
  describe(`turn numbers: ${name}`, () => {
    let opened: OpenStore
    let userId: UserId
    beforeEach(async () => {
      opened = await open()
      const { keyId } = await opened.store.keys.createKey({ name: 'test', scopes: ['talk'], now: NOW })
      userId = (await opened.store.keys.callerById(keyId, NOW))?.userId ?? 'usr_none'
    })
    afterEach(() => opened.close())

    async function begin(conversationId?: ConversationId) {
      const sessionId = newId('session')
      const opening = { sessionId, userId, conversationId, personaId: 'per_default', now: NOW } as const
      return { ...(await opened.store.sessions.openSession(opening)), sessionId }
    }
    const end = (sessionId: SessionId, lastTurn: number) =>
      opened.store.sessions.ended({ sessionId, reason: 'caller', lastTurn, now: NOW })
    const deliver = (at: { sessionId: SessionId; conversationId: ConversationId }, record: TurnRecord) =>
      opened.store.turns.storeTurn({ sessionId: at.sessionId, conversationId: at.conversationId, record, now: NOW })
    const named = (id: ConversationId, turn: number) => opened.store.edits.turnId(userId, id, turn)

    it('[STO26] the next session goes on after the highest number of a stored turn, not after their count', async () => {
      const first = await begin()
      for (const turn of [2, 5]) await deliver(first, turnRecord({ turn }))
      await end(first.sessionId, 0)
      expect(await begin(first.conversationId)).toMatchObject({ lastTurn: 5 })
    })

    it('[STO26] numbers of turns that are not stored yet, or never will be, are not given again', async () => {
      const first = await begin()
      const late = turnRecord({ turn: 3 })
      await deliver(first, turnRecord({ turn: 1 }))
      await end(first.sessionId, 4)
      const second = await begin(first.conversationId)
      expect(second.lastTurn).toBe(4)
      await deliver(second, turnRecord({ turn: 5 }))
      await deliver(first, late)
      expect(await named(first.conversationId, 3)).toBe(late.id)
      await end(second.sessionId, 5)
      expect(await begin(first.conversationId)).toMatchObject({ lastTurn: 5 })
    })

    it('[STO26] a late turn under a number that is taken gets the next free one, and keeps it when it comes again', async () => {
      const first = await begin()
      await deliver(first, turnRecord({ turn: 1 }))
      // The room was lost, and with it how far the session had counted.
      await opened.store.sessions.endAllLive(NOW)
      const second = await begin(first.conversationId)
      const [shown, late] = [turnRecord({ turn: 2 }), turnRecord({ turn: 2, status: 'cut', engines: {} })]
      await deliver(second, shown)
      await deliver(first, late)
      await deliver(first, { ...late, status: 'complete' })
      expect(await named(first.conversationId, 2)).toBe(shown.id)
      expect(await named(first.conversationId, 3)).toBe(late.id)
      const turns = (await opened.store.history.conversation(userId, first.conversationId))?.turns ?? []
      expect(turns.map(({ turn }) => turn).toSorted((a, b) => a - b)).toEqual([1, 2, 3])
      expect(turns.find(({ id }) => id === late.id)).toMatchObject({ status: 'complete' })
    })

    it('[STO26] other conversations have numbers of their own', async () => {
      const [one, other] = [await begin(), await begin()]
      const [here, there] = [turnRecord({ turn: 1 }), turnRecord({ turn: 1 })]
      await deliver(one, here)
      await deliver(other, there)
      expect(await named(one.conversationId, 1)).toBe(here.id)
      expect(await named(other.conversationId, 1)).toBe(there.id)
    })
  })
}
