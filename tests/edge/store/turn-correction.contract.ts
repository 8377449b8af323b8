// The contract of TurnStore.correctTurn, run against each database that can stand behind the Store.
import { expect, it } from 'vitest'
import { newId, type ConversationId } from '#shared/ids.ts'
import type { OpenStore } from './store.contract.ts'
import { turnRecord } from '#tests/fakes/turn-record.ts'

const NOW = Date.UTC(2026, 10, 1)

export function turnCorrectionContract(name: string, open: () => Promise<OpenStore>): void {
  it(`[STO25] a turn of an earlier session is corrected by its conversation, and no other conversation can: ${name}`, async () => {
    const { store, close } = await open()
    const { keyId } = await store.keys.createKey({ name: 'test', scopes: ['talk'], now: NOW })
    const userId = (await store.keys.callerById(keyId, NOW))?.userId ?? 'usr_none'
    const openSession = async (conversationId?: ConversationId) => {
      const sessionId = newId('session')
      const opening = { sessionId, userId, conversationId, personaId: 'per_default', now: NOW } as const
      return { ...(await store.sessions.openSession(opening)), sessionId }
    }
    const first = await openSession()
    const { conversationId, sessionId } = first
    const record = turnRecord({ utteranceText: 'helo' })
    await store.turns.storeTurn({ sessionId, conversationId, record, now: NOW })
    await store.sessions.ended({ sessionId, reason: 'caller', lastTurn: 0, now: NOW })
    await openSession(conversationId)

    await store.turns.correctTurn({ conversationId, turnId: record.id }, 'hello', NOW + 5)
    const corrected = { updatedAt: NOW + 5, turns: [{ ...record, correctedText: 'hello' }] }
    expect(await store.history.conversation(userId, conversationId)).toMatchObject(corrected)

    const other = await openSession()
    for (const wrong of [{ conversationId: other.conversationId }, { turnId: newId('turn') }]) {
      const at = { conversationId, turnId: record.id, ...wrong }
      const fault = { code: 'not_found', kind: 'turn' }
      await expect(store.turns.correctTurn(at, 'no', NOW + 9)).rejects.toMatchObject({ fault })
    }
    expect(await store.history.conversation(userId, conversationId)).toMatchObject(corrected)
    expect(await store.history.conversation(userId, other.conversationId)).toMatchObject({ updatedAt: NOW })
    await close()
  })
}
