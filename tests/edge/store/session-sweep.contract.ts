// The contract of SessionStore.sweep, run against each database that can stand behind the Store.
import { expect, it } from 'vitest'
import type { SessionStore } from '#edge/store/session-store.ts'
import { newId, type ConversationId } from '#shared/ids.ts'
import type { OpenStore } from './store.contract.ts'

const NOW = Date.UTC(2026, 10, 1)

export function sessionSweepContract(name: string, open: () => Promise<OpenStore>): void {
  it(`[SCH1] a session that was opened too long ago is over and its conversation free; a younger one lives: ${name}`, async () => {
    const { store, close } = await open()
    const { sessions } = store
    const { keyId } = await store.keys.createKey({ name: 'test', scopes: ['talk'], now: NOW })
    const userId = (await store.keys.callerById(keyId, NOW))?.userId ?? 'usr_none'
    const openAt = async (now: number, conversationId?: ConversationId) => {
      const sessionId = newId('session')
      const opening = { sessionId, userId, conversationId, personaId: 'per_default', now } as const
      return { ...(await sessions.openSession(opening)), sessionId }
    }
    const place = (sessionId: Parameters<SessionStore['placed']>[0]['sessionId']) =>
      sessions.placed({ sessionId, nodeId: 'nod_one', epoch: 1, now: NOW })
    const [old, young, over] = [await openAt(NOW - 2), await openAt(NOW - 1), await openAt(NOW - 2)]
    for (const { sessionId } of [old, young, over]) await place(sessionId)
    await sessions.ended({ sessionId: over.sessionId, reason: 'caller', lastTurn: 0, now: NOW })

    expect(await sessions.sweep({ openedBefore: NOW - 1, now: NOW })).toEqual({ ended: 1 })
    await expect(openAt(NOW, young.conversationId)).rejects.toMatchObject({ fault: { code: 'conflict' } })
    expect(await openAt(NOW, old.conversationId)).toMatchObject({ conversationId: old.conversationId })
    expect(await sessions.sweep({ openedBefore: NOW - 1, now: NOW })).toEqual({ ended: 0 })
    await close()
  })
}
